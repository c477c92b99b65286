import { OptionOutOfRangeError, UnknownNameError } from '../errors/errors.ts';
import type { OhemOptions } from '../weighting/ohem.ts';
import { adaCos } from './ada-cos.ts';
import { adaFace } from './ada-face.ts';
import { type ArcFaceClassOptions, arcFace } from './arc-face.ts';
import { arcNegFace } from './arc-neg-face.ts';
import { circleLoss } from './circle-loss.ts';
import { combined } from './combined.ts';
import { type CosFaceClassOptions, cosFace } from './cos-face.ts';
import { curricularFace } from './curricular-face.ts';
import { type DynamicArcFaceOptions, dynamicArcFace } from './dynamic-arc-face.ts';
import { elasticArcFace, elasticCosFace } from './elastic-face.ts';
import { liArcFace } from './li-arc-face.ts';
import { magFace } from './mag-face.ts';
import type { MarginLoss } from './margin-loss.ts';
import { mvAmSoftmax, mvArcSoftmax } from './mv-softmax.ts';
import { normFace } from './norm-face.ts';
import { npcFace } from './npc-face.ts';
import { LOSS_PRESETS } from './presets.ts';
import { smoothed } from './smoothed.ts';
import { softmax } from './softmax.ts';
import { sphereFace } from './sphere-face.ts';
import { sphereFace2 } from './sphere-face-2.ts';
import { sphereFaceR } from './sphere-face-r.ts';
import { bceFace, uniFace } from './uni-face.ts';
import { focal, ohem, selfPaced } from './weighted.ts';
import { x2Softmax } from './x2-softmax.ts';

type OptionType =
  | 'number'
  | 'boolean'
  | 'string'
  | 'number or string'
  | 'table'
  | 'number or table'
  | 'number or table or object'
  | 'boolean or string'
  | 'loss';

/** Options as they come from a file or a command line. */
export type LossParameters = Readonly<Record<string, unknown>>;

/** What a loss may need to know of the data that it is for. */
export interface LossData {
  /** Pictures of each class, in the order of the labels: [C]. */
  readonly classCounts?: ArrayLike<number>;
}

interface LossEntry {
  readonly options: Readonly<Record<string, OptionType>>;
  create(parameters: LossParameters, data: LossData): MarginLoss;
}

/** Every option of a factory, none forgotten, as what it is given. */
type OptionTypes<Options> = Readonly<{ [K in keyof Required<Options>]: OptionType }>;

// A factory checks the ranges of its options itself; names and types are checked before it is called.
const entry = <Options extends object>(
  factory: (options?: Options) => MarginLoss,
  options: NoInfer<OptionTypes<Options>>,
): LossEntry => ({ options, create: (parameters) => factory(parameters as Options) });

const weighted = <Options extends object>(
  apply: (loss: MarginLoss, options?: Options) => MarginLoss,
  options: NoInfer<OptionTypes<Options>>,
): LossEntry => ({
  options: { ...options, scale: 'number', base: 'loss' },
  create: ({ base, scale, ...own }, data) => apply(baseLoss(base, scale, data), own as Options),
});

const numbers = <Name extends string>(...names: Name[]): Record<Name, 'number'> =>
  Object.fromEntries(names.map((name) => [name, 'number'])) as Record<Name, 'number'>;

const angular = { beyondPi: 'string', easyMargin: 'boolean', gradient: 'string', unsafe: 'boolean' } as const;
const scaled = numbers('scale', 'margin');
const mode = { gradient: 'string', unsafe: 'boolean' } as const;
const easy = { easyMargin: 'boolean', unsafe: 'boolean' } as const;
const elastic = { ...scaled, std: 'number', plus: 'boolean or string', seed: 'number' } as const;

const entries: Readonly<Record<string, LossEntry>> = {
  softmax: entry(softmax, { bias: 'boolean' }),
  normface: entry(normFace, { scale: 'number' }),
  sphereface: entry(sphereFace, { ...numbers('margin', 'lambda'), unsafe: 'boolean' }),
  cosface: entry<CosFaceClassOptions>(cosFace, { scale: 'number', margin: 'number or table', ...easy }),
  arcface: entry<ArcFaceClassOptions>(arcFace, { scale: 'number', margin: 'number or table', ...angular }),
  'combined-margin': entry(combined, {
    ...numbers('scale', 'm1', 'm2', 'm3'),
    beyondPi: 'string',
    gradient: 'string',
    unsafe: 'boolean',
  }),
  'mv-am-softmax': entry(mvAmSoftmax, { ...scaled, t: 'number', ...easy }),
  'mv-arc-softmax': entry(mvArcSoftmax, { ...scaled, ...angular, t: 'number' }),
  curricularface: entry(curricularFace, {
    scale: 'number',
    margin: 'number or table or object',
    ...angular,
    alpha: 'number or string',
    tInitial: 'number',
    statistic: 'string',
  }),
  adaface: entry(adaFace, {
    ...scaled,
    ...numbers('h', 'tAlpha', 'eps', 'batchMeanInitial', 'batchStdInitial'),
    unsafe: 'boolean',
  }),
  magface: entry(magFace, {
    scale: 'number',
    ...angular,
    ...numbers('lowerNorm', 'upperNorm', 'lowerMargin', 'upperMargin', 'lambdaG'),
  }),
  'elastic-arcface': entry(elasticArcFace, { ...elastic, ...angular }),
  'elastic-cosface': entry(elasticCosFace, { ...elastic, ...easy }),
  adacos: entry(adaCos, { dynamic: 'boolean', median: 'string' }),
  'arc-neg': entry(arcNegFace, { ...scaled, ...angular, ...numbers('alpha', 'sigma') }),
  npcface: entry(npcFace, { ...scaled, ...numbers('m0', 'm1', 't', 'a'), unsafe: 'boolean' }),
  circle: entry(circleLoss, { ...scaled, ...mode }),
  'sphereface-r': entry(sphereFaceR, { ...scaled, variant: 'string', lossWeight: 'number', ...mode }),
  'li-arcface': entry(liArcFace, { ...scaled, unsafe: 'boolean' }),
  'x2-softmax': entry(x2Softmax, { scale: 'number', ...numbers('a', 'h', 'k'), ...mode }),
  'dynamic-arcface': {
    options: {
      scale: 'number',
      ...angular,
      ...numbers('a', 'b', 'lambda'),
      counts: 'table',
    } satisfies OptionTypes<DynamicArcFaceOptions>,
    create: (parameters, { classCounts }) =>
      dynamicArcFace({ counts: classCounts, ...parameters } as DynamicArcFaceOptions),
  },
  sphereface2: entry(sphereFace2, {
    ...scaled,
    marginType: 'string',
    ...numbers('lambda', 't', 'lossWeight'),
    angleClamp: 'table',
    ...mode,
  }),
  uniface: entry(uniFace, { ...scaled, ...numbers('lambda', 'r'), unsafe: 'boolean' }),
  'bce-face': entry(bceFace, { ...scaled, ...numbers('lambda', 'r'), unsafe: 'boolean' }),
  focal: weighted(focal, { ...numbers('gamma', 'alpha'), unsafe: 'boolean' }),
  ohem: weighted(meanOfKept, { keepRatio: 'number', reduction: 'string' }),
  'self-paced': weighted(selfPaced, {
    regulariser: 'string',
    ...numbers('pace', 'growth', 'maximumPace', 'lowerShare'),
    unsafe: 'boolean',
  }),
};

/** Names that {@link createLoss} knows. */
export const LOSS_NAMES: readonly string[] = Object.keys(entries);

/** What every loss takes beside its own options. */
const SHARED: Readonly<Record<string, OptionType>> = { labelSmoothing: 'number', preset: 'string' };

/** Names of the options of a loss. @throws UnknownNameError */
export function lossOptions(name: string): readonly string[] {
  return Object.keys(optionsOf(name));
}

function optionsOf(name: string): Readonly<Record<string, OptionType>> {
  return { ...find(name).options, ...SHARED };
}

/**
 * A loss by its name, for configuration files and command lines. Weightings (`focal`, `ohem`, `self-paced`) stand on
 * NormFace of the given `scale`, or on another loss given as `base: { loss, params }`. Every loss takes a `preset` of
 * {@link LOSS_PRESETS}, over which the other parameters stand, and every loss of a softmax `labelSmoothing`.
 *
 * @throws UnknownNameError for an unknown loss, preset or option, with the nearest name; OptionOutOfRangeError
 */
export function createLoss(name: string, parameters: LossParameters = {}, data: LossData = {}): MarginLoss {
  const { create } = find(name);
  const options = optionsOf(name);
  for (const [option, value] of Object.entries(parameters)) {
    const type = Object.hasOwn(options, option) ? options[option] : undefined;
    if (type === undefined) throw new UnknownNameError(`option of ${name}`, option, Object.keys(options));
    if (!hasType(value, type))
      throw new OptionOutOfRangeError(option, value, `a ${type}`, `give ${option} as a ${type}.`);
  }
  const { labelSmoothing, preset, ...own } = parameters;
  const loss = create({ ...presetOf(name, preset as string | undefined), ...own }, data);
  return labelSmoothing === undefined ? loss : smoothed(loss, labelSmoothing as number);
}

function presetOf(name: string, preset: string | undefined): LossParameters {
  if (preset === undefined) return {};
  const presets = LOSS_PRESETS[name] ?? {};
  if (Object.keys(presets).length === 0)
    throw new OptionOutOfRangeError('preset', preset, `no preset for ${name}`, 'leave preset out.');
  if (!Object.hasOwn(presets, preset)) {
    throw new UnknownNameError(`preset of ${name}`, preset, Object.keys(presets));
  }
  return presets[preset]!.params;
}

function find(name: string): LossEntry {
  if (!Object.hasOwn(entries, name)) throw new UnknownNameError('loss', name, LOSS_NAMES);
  return entries[name]!;
}

function hasType(value: unknown, type: OptionType): boolean {
  if (type === 'loss') return typeof value === 'object' && value !== null;
  const table = Array.isArray(value) || ArrayBuffer.isView(value);
  return value !== null && type.split(' or ').includes(table ? 'table' : typeof value);
}

function baseLoss(base: unknown, scale: unknown, data: LossData): MarginLoss {
  if (base === undefined) return normFace(scale === undefined ? {} : { scale: scale as number });
  if (scale !== undefined) {
    throw new OptionOutOfRangeError('scale', scale, 'no scale beside base', 'give scale inside base.params.');
  }
  for (const key of Object.keys(base as object)) {
    if (key !== 'loss' && key !== 'params')
      throw new UnknownNameError('field of base', key, ['loss', 'params']);
  }
  const { loss, params = {} } = base as { loss?: unknown; params?: LossParameters };
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new OptionOutOfRangeError('base.params', params, 'an object of options');
  }
  if (typeof loss !== 'string')
    throw new OptionOutOfRangeError('base', base, '{ loss: name, params }', 'name the loss.');
  return createLoss(loss, params, data);
}

function meanOfKept(
  loss: MarginLoss,
  { reduction, ...options }: OhemOptions & { readonly reduction?: string } = {},
): MarginLoss {
  if (reduction !== undefined && reduction !== 'meanOfKept') {
    throw new OptionOutOfRangeError(
      'reduction',
      reduction,
      '"meanOfKept"',
      'leave it out: OHEM means over what it keeps.',
    );
  }
  return ohem(loss, options);
}
