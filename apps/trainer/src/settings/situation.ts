import { BACKBONE_NAMES, type BackboneName } from '@cf/backbones';
import { requireChoice } from '@cf/core';
import { UsageError } from '../errors.ts';

/** What is trained: every layer, or a linear embedding on features that stay as they are. */
export const TRAINED_PARTS = ['all', 'embedding'] as const;

/** What runs a network's training. */
export const ENGINES = ['onnx', 'tfjs'] as const;

type Choice =
  | 'train'
  | 'backbone'
  | 'data'
  | 'people'
  | 'pairs'
  | 'engine'
  | 'device'
  | 'optimiser'
  | 'initFrom'
  | 'loss'
  | 'sampler'
  | 'shadow'
  | 'weighting';

/** Flags on which it depends what others mean. */
export type Choices = { readonly [Name in Choice]?: string } & {
  readonly pixels?: number;
  readonly labelNoise?: number;
  readonly validateEvery?: number;
  readonly sampleRate?: number;
};

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
  const name = BACKBONE_NAMES.find((known) => known === backbone);
  if (name !== undefined) return { kind: 'built-in', name };
  if (backbone.startsWith(LAYERS_PREFIX) && backbone.length > LAYERS_PREFIX.length)
    return { kind: 'layers', file: backbone.slice(LAYERS_PREFIX.length) };
  return { kind: 'onnx', file: onnxFile(backbone, [...BACKBONE_NAMES, 'tfjs:model.json']) };
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
function unless(of: string, rival: (situation: Situation) => string | false): Audience {
  const clash = (flag: string, situation: Situation): UsageError | undefined => {
    const other = rival(situation);
    if (other === false) return undefined;
    return new UsageError(`${other} with ${flag}`, 'one of them', `the flag is ${of}.`);
  };
  return { of, clash };
}

function beside(choice: keyof Choices, other: string = `--${choice}`): Audience {
  const clash = (flag: string, { choices }: Situation): UsageError | undefined =>
    choices[choice] === undefined
      ? new UsageError(`${flag} without ${other}`, `${other} as well`, `give ${other}, or leave ${flag} out.`)
      : undefined;
  return { of: `with ${other}`, clash };
}

const noNetwork = ({ choices, part }: Situation): string | false =>
  part === 'embedding' && (choices.train === undefined ? '--pixels' : '--train embedding');
const noEmbedding = ({ part }: Situation): string | false => part === 'all' && '--train all';

/** Of the settings that not every training knows: which do. */
export const ONLY = {
  data: beside('data'),
  people: beside('people'),
  pairs: beside('pairs'),
  labelNoise: beside('labelNoise', '--label-noise'),
  weighting: beside('weighting'),
  shadowed: beside('shadow'),
  sampled: beside('sampleRate', '--sample-rate'),
  validated: beside('validateEvery', '--validate-every'),
  started: beside('initFrom', '--init-from'),
  unstarted: unless(
    'in place of --init-from',
    ({ choices }) => choices.initFrom !== undefined && '--init-from',
  ),
  drawn: unless('for drawn identities', ({ choices }) => choices.data !== undefined && '--data'),
  network: unless('for --train all', noNetwork),
  embedding: unless('for --train embedding', noEmbedding),
  pixels: unless(
    'for an embedding without --backbone',
    (situation) => noEmbedding(situation) || (situation.choices.backbone !== undefined && '--backbone'),
  ),
  onnxFile: unless('for onnx:FILE', (situation) => {
    if (situation.part === 'embedding' || situation.source.kind === 'onnx') return noNetwork(situation);
    return situation.source.kind === 'layers' ? 'a layers model' : 'a built-in backbone';
  }),
  builtIn: unless(
    'for a built-in backbone',
    (situation) => noNetwork(situation) || (situation.source.kind !== 'built-in' && 'a network of a file'),
  ),
  anyOnnxFile: unless('for onnx:FILE', ({ source }) => {
    if (source.kind === 'onnx') return false;
    if (source.kind === 'pixels') return 'pixels as features';
    return source.kind === 'layers' ? 'a layers model' : 'a built-in backbone';
  }),
  engineOnnx: unless(
    'for --engine onnx',
    (situation) => noNetwork(situation) || (situation.engine === 'tfjs' && 'the engine tfjs'),
  ),
  onnxruntime: unless('for --engine onnx', ({ engine }) => engine === 'tfjs' && 'the engine tfjs'),
  curriculum: unless(
    'for --sampler curriculum',
    ({ choices: { sampler = 'uniform' } }) => sampler !== 'curriculum' && `--sampler ${sampler}`,
  ),
  sgd: unless('for SGD', ({ choices }) => choices.optimiser === 'adamw' && '--optimiser adamw'),
} as const;
