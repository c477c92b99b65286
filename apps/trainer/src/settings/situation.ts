import { requireChoice } from '@cf/core';
import { UsageError } from '../errors.ts';
import { BACKBONES, type BackboneName } from './backbones.ts';

/** What is trained: every layer, or a linear embedding on features that stay as they are. */
export const TRAINED_PARTS = ['all', 'embedding'] as const;

/** What runs a network's training. */
export const ENGINES = ['onnx', 'tfjs'] as const;

/** Flags on which it depends what others mean. */
export interface Choices {
  readonly train?: string;
  readonly backbone?: string;
  readonly pixels?: number;
  readonly data?: string;
  readonly people?: string;
  readonly pairs?: string;
  readonly engine?: string;
  readonly optimiser?: string;
  readonly loss?: string;
  readonly weighting?: string;
}

/** Where the embedding comes from. */
type Source =
  | { readonly kind: 'built-in'; readonly name: BackboneName }
  | { readonly kind: 'onnx' | 'layers'; readonly file: string }
  | { readonly kind: 'pixels' };

/** Trainings that differ in their defaults: of a network from random weights (on drawn identities), of one from a file. */
export type Kind = 'scratch' | 'drawn' | 'file' | 'embedding';

/** The training that the flags ask for, as far as defaults and the meaning of other flags depend on it. */
export interface Situation {
  readonly choices: Choices;
  readonly part: (typeof TRAINED_PARTS)[number];
  readonly source: Source;
  readonly kind: Kind;
  readonly engine: string;
}

/** @throws UsageError, OptionOutOfRangeError for a part or a backbone that is unknown */
export function situationOf(choices: Choices): Situation {
  // `--pixels` names features, so it asks for an embedding on them.
  const { train = choices.pixels === undefined ? 'all' : 'embedding', backbone, data } = choices;
  requireChoice('train', train, TRAINED_PARTS);
  const part = train as Situation['part'];
  const source = part === 'all' ? networkSource(backbone) : featureSource(backbone);
  const scratch = data === undefined ? 'drawn' : 'scratch';
  const network = source.kind === 'built-in' ? scratch : 'file';
  const engine = choices.engine ?? (source.kind === 'layers' ? 'tfjs' : 'onnx');
  return { choices, part, source, kind: part === 'all' ? network : 'embedding', engine };
}

/** Before the model.json of a layers model. */
const LAYERS_PREFIX = 'tfjs:';

function networkSource(backbone = 'tiny-iresnet'): Source {
  const name = BACKBONES.find((known) => known === backbone);
  if (name !== undefined) return { kind: 'built-in', name };
  if (backbone.startsWith(LAYERS_PREFIX) && backbone.length > LAYERS_PREFIX.length)
    return { kind: 'layers', file: backbone.slice(LAYERS_PREFIX.length) };
  return { kind: 'onnx', file: onnxFile(backbone, [...BACKBONES, 'tfjs:model.json']) };
}

function featureSource(backbone: string | undefined): Source {
  return backbone === undefined ? { kind: 'pixels' } : { kind: 'onnx', file: onnxFile(backbone) };
}

/** The file of `onnx:FILE`. @param names what else may be given. @throws UsageError */
export function onnxFile(text: string, names: readonly string[] = []): string {
  if (text.startsWith('onnx:') && text.length > 5) return text.slice(5);
  throw new UsageError(
    `'${text}'`,
    [...names, 'onnx:FILE'].join(', '),
    'write the kind before a file, such as onnx:backbone.onnx.',
  );
}

/** The trainings that a flag is for. */
export interface Audience {
  /** In the words of `--help`. */
  readonly of: string;
  /** What is wrong with giving the flag; undefined where it has a meaning. */
  readonly clash: (flag: string, situation: Situation) => UsageError | undefined;
}

/** @param rival what was said that the flag has no meaning beside */
function unless(of: string, fix: string, rival: (situation: Situation) => string | false): Audience {
  const clash = (flag: string, situation: Situation): UsageError | undefined => {
    const other = rival(situation);
    return other === false ? undefined : new UsageError(`${other} with ${flag}`, 'one of them', fix);
  };
  return { of, clash };
}

/** Of trainings that the first is for, only those that the second is for. */
function within(first: Audience, second: Audience): Audience {
  const clash: Audience['clash'] = (flag, situation) =>
    first.clash(flag, situation) ?? second.clash(flag, situation);
  return { of: second.of, clash };
}

function beside(choice: keyof Choices, fix: string): Audience {
  const other = `--${choice}`;
  const clash = (flag: string, { choices }: Situation): UsageError | undefined =>
    choices[choice] === undefined
      ? new UsageError(`${flag} without ${other}`, `${other} as well`, fix)
      : undefined;
  return { of: `with ${other}`, clash };
}

export const WITH_DATA: Audience = beside('data', 'name the folder of pictures.');
export const WITH_PEOPLE: Audience = beside('people', 'name the list of people.');
export const WITH_PAIRS: Audience = beside('pairs', 'name the list of pairs.');
export const WITH_WEIGHTING: Audience = beside('weighting', 'name the weighting.');
export const DRAWN: Audience = unless(
  'for drawn identities',
  'the flag is for drawn identities.',
  ({ choices }) => choices.data !== undefined && '--data',
);
export const NETWORK: Audience = unless(
  'with --train all',
  'the flag is for networks that are trained: --train all.',
  ({ choices, part }) =>
    part === 'embedding' && (choices.train === undefined ? '--pixels' : '--train embedding'),
);
export const EMBEDDING: Audience = unless(
  'with --train embedding',
  'the flag is for --train embedding.',
  ({ part }) => part === 'all' && '--train all',
);
export const WITHOUT_BACKBONE: Audience = within(
  EMBEDDING,
  unless(
    'without --backbone',
    'the backbone says which size it takes.',
    ({ choices }) => choices.backbone !== undefined && '--backbone',
  ),
);
export const ONNX_FILE: Audience = within(
  NETWORK,
  unless(
    'with onnx:FILE',
    'the flag is for onnx:FILE.',
    ({ source }) =>
      source.kind !== 'onnx' && (source.kind === 'layers' ? 'a layers model' : 'a built-in backbone'),
  ),
);
export const ENGINE_ONNX: Audience = within(
  NETWORK,
  unless(
    'with --engine onnx',
    'TensorFlow.js chooses its threads.',
    ({ engine }) => engine === 'tfjs' && 'the engine tfjs',
  ),
);
export const SGD: Audience = unless(
  'with --optimiser sgd',
  'the flag is for --optimiser sgd.',
  ({ choices }) => choices.optimiser === 'adamw' && '--optimiser adamw',
);
