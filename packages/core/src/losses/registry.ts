import { OptionOutOfRangeError, UnknownNameError } from '../errors/errors.ts';
import { type OptionType, type OptionTypes, requireOptions } from '../errors/option-types.ts';
import { FOCAL_OPTIONS } from '../weighting/focal.ts';
import { OHEM_OPTIONS, type OhemOptions } from '../weighting/ohem.ts';
import { SELF_PACED_OPTIONS } from '../weighting/self-paced.ts';
import { adaCos } from './ada-cos.ts';
import { adaFace } from './ada-face.ts';
import { arcFace } from './arc-face.ts';
import { arcNegFace } from './arc-neg-face.ts';
import { circleLoss } from './circle-loss.ts';
import { combined } from './combined.ts';
import { cosFace } from './cos-face.ts';
import { curricularFace } from './curricular-face.ts';
import { type DynamicArcFaceOptions, dynamicArcFace } from './dynamic-arc-face.ts';
import { elasticArcFace, elasticCosFace } from './elastic-face.ts';
import { liArcFace } from './li-arc-face.ts';
import type { LossData, LossDefinition, LossParameters } from './loss-definition.ts';
import { magFace } from './mag-face.ts';
import type { MarginLoss } from './margin-loss.ts';
import { mvAmSoftmax, mvArcSoftmax } from './mv-softmax.ts';
import { normFace } from './norm-face.ts';
import { npcFace } from './npc-face.ts';
import { LOSS_PRESETS } from './presets.ts';
import { requireLoss } from './require-loss.ts';
import { smoothed } from './smoothed.ts';
import { softmax } from './softmax.ts';
import { sphereFace } from './sphere-face.ts';
import { sphereFace2 } from './sphere-face-2.ts';
import { sphereFaceR } from './sphere-face-r.ts';
import { bceFace, uniFace } from './uni-face.ts';
import { focal, ohem, selfPaced } from './weighted.ts';
import { x2Softmax } from './x2-softmax.ts';

interface LossEntry {
  readonly options: Readonly<Record<string, OptionType>>;
  create(parameters: LossParameters, data: LossData): MarginLoss;
}

/** What of a factory is needed here. */
interface Factory {
  (options: never): MarginLoss;
  readonly lossName: string;
  readonly optionTypes: Readonly<Record<string, OptionType>>;
}

const entry = (factory: Factory): readonly [string, LossEntry] => [
  factory.lossName,
  { options: factory.optionTypes, create: (parameters) => factory(parameters as never) },
];

const weighted = <Options extends object>(
  name: string,
  apply: (loss: MarginLoss, options?: Options) => MarginLoss,
  options: OptionTypes<NoInfer<Options>>,
): readonly [string, LossEntry] => [
  name,
  {
    options: { ...options, scale: 'number', base: 'loss' },
    create: ({ base, scale, ...own }, data) => apply(baseLoss(base, scale, data), own as Options),
  },
];

const entries: Readonly<Record<string, LossEntry>> = Object.fromEntries([
  entry(softmax),
  entry(normFace),
  entry(sphereFace),
  entry(cosFace),
  entry(arcFace),
  entry(combined),
  entry(mvAmSoftmax),
  entry(mvArcSoftmax),
  entry(curricularFace),
  entry(adaFace),
  entry(magFace),
  entry(elasticArcFace),
  entry(elasticCosFace),
  entry(adaCos),
  entry(arcNegFace),
  entry(npcFace),
  entry(circleLoss),
  entry(sphereFaceR),
  entry(liArcFace),
  entry(x2Softmax),
  [
    dynamicArcFace.lossName,
    {
      options: dynamicArcFace.optionTypes,
      create: (parameters, { classCounts }) =>
        dynamicArcFace({ counts: classCounts, ...parameters } as DynamicArcFaceOptions),
    },
  ],
  entry(sphereFace2),
  entry(uniFace),
  entry(bceFace),
  weighted('focal', focal, FOCAL_OPTIONS),
  weighted('ohem', meanOfKept, { ...OHEM_OPTIONS, reduction: 'string' }),
  weighted('self-paced', selfPaced, SELF_PACED_OPTIONS),
]);

/** Losses of the user's own, by name. */
const own = new Map<string, LossEntry>();

/** Names of the losses that are published here; {@link createLoss} knows those of {@link registerLoss} as well. */
export const LOSS_NAMES: readonly string[] = Object.keys(entries);

/** What every loss takes beside its own options. */
const SHARED: Readonly<Record<string, OptionType>> = { labelSmoothing: 'number', preset: 'string' };

/**
 * Makes a loss of one's own known by a name, so that {@link createLoss}, configurations and saved models can name it. To
 * register it again takes the place of what was there.
 *
 * @param create makes the loss from its options, whose names and types are checked before; the same options make the same
 * loss
 * @throws OptionOutOfRangeError for a name that one of {@link LOSS_NAMES} has, or that is none
 */
export function registerLoss(
  name: string,
  create: (parameters: LossParameters, data: LossData) => MarginLoss,
  options: Readonly<Record<string, OptionType>> = {},
): void {
  if (typeof name !== 'string' || name === '' || Object.hasOwn(entries, name)) {
    const fix = 'choose a name that no published loss has.';
    throw new OptionOutOfRangeError('name', name, 'a name of your own', fix);
  }
  if (typeof create !== 'function') {
    const fix = 'give a function of the options, such as () => marginLoss({ … }).';
    throw new OptionOutOfRangeError('create', create, 'a function that makes the loss', fix);
  }
  const made = (parameters: LossParameters, data: LossData): MarginLoss => {
    const loss = create(parameters, data);
    requireLoss(loss);
    const { classCounts } = data;
    const definition: LossDefinition = { loss: name, params: parameters };
    return { ...loss, definition: classCounts === undefined ? definition : { ...definition, classCounts } };
  };
  own.set(name, { options, create: made });
}

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
  requireOptions(name, parameters, optionsOf(name));
  const { labelSmoothing, preset, ...ownParameters } = parameters;
  const loss = create({ ...presetOf(name, preset as string | undefined), ...ownParameters }, data);
  return labelSmoothing === undefined ? loss : smoothed(loss, labelSmoothing as number);
}

/**
 * A loss in any of the forms in which one is given: itself, its name, or its definition.
 *
 * @throws UnknownNameError, OptionOutOfRangeError
 */
export function lossOf(given: MarginLoss | LossDefinition | string): MarginLoss {
  if (typeof given === 'string') return createLoss(given);
  if (typeof given !== 'object' || given === null || !Object.hasOwn(given, 'loss')) {
    requireLoss(given);
    return given;
  }
  const { loss, params, classCounts } = given as LossDefinition;
  return createLoss(loss, params, classCounts === undefined ? {} : { classCounts });
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

function find(name: unknown): LossEntry {
  if (typeof name !== 'string') {
    const fix = "give a name, such as 'curricularface'; a loss that is made already goes where it is used.";
    throw new OptionOutOfRangeError('loss', name, 'the name of a loss', fix);
  }
  const found = Object.hasOwn(entries, name) ? entries[name] : own.get(name);
  if (found === undefined) throw new UnknownNameError('loss', name, [...LOSS_NAMES, ...own.keys()]);
  return found;
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
