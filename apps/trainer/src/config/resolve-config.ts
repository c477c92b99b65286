import { availableParallelism } from 'node:os';
import { BACKBONE_NAMES, type BackboneName, backbone as backboneOf } from '@cf/backbones';
import { requireChoice } from '@cf/core';
import { UsageError } from '../errors.ts';
import type { ScheduleName } from '../optimiser/schedule.ts';
import { checkConfig } from './check-config.ts';
import { DEFAULT_SCALE, type LossDefaults, type LossFlags, lossFromFlags } from './loss-flags.ts';
import {
  type CommonTraining,
  ENGINES,
  type EngineName,
  type FeatureConfig,
  type NetworkConfig,
  TRAINED_PARTS,
  type TrainConfig,
  type TrainedPart,
} from './train-config.ts';

/** The flags of `cf train`, as the command line gives them. */
export interface TrainFlags extends LossFlags {
  readonly data?: string;
  readonly people?: string;
  readonly folds?: string;
  readonly minImages: number;
  readonly identities: number;
  readonly imagesPerIdentity: number;
  readonly difficulty: number;
  readonly train?: string;
  readonly backbone?: string;
  readonly pixels?: number;
  readonly freezeUntil?: string;
  readonly freezeBn?: boolean;
  readonly augmentFlip: boolean;
  readonly augmentShift?: number;
  readonly threads?: number;
  readonly dim?: number;
  readonly head?: string;
  readonly engine?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly accumulate: number;
  readonly lr?: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly schedule: string;
  readonly warmupSteps?: number;
  readonly seed: number;
  readonly strict: boolean;
  readonly pairs?: string;
  readonly pairsFolds?: string;
  readonly flip: boolean;
  readonly control?: boolean;
}

/** What a kind of training takes where no flag says it. */
interface Defaults {
  readonly loss: LossDefaults;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly control: boolean;
  readonly head: string;
}

const EMBEDDING_DEFAULTS: Defaults = {
  loss: { scale: DEFAULT_SCALE },
  epochs: 10,
  batch: 128,
  learningRate: 0.02,
  warmupSteps: 0,
  control: true,
  head: 'reference',
};
/** A control takes as long as the training itself, so it has to be asked for. */
const SCRATCH_DEFAULTS: Defaults = {
  loss: { scale: DEFAULT_SCALE },
  epochs: 15,
  batch: 128,
  learningRate: 0.1,
  warmupSteps: 60,
  control: false,
  head: 'onnx',
};
/** Many small steps: what a network learns of a few drawn identities in two minutes. */
const DRAWN_DEFAULTS: Defaults = {
  ...SCRATCH_DEFAULTS,
  loss: { scale: 16, margin: 0.3 },
  epochs: 4,
  batch: 32,
};
/** Weights that are good already are moved a little. */
const FINE_TUNING_DEFAULTS: Defaults = { ...SCRATCH_DEFAULTS, epochs: 3, learningRate: 0.01 };

/** Pixels that pictures move by in training. */
const DEFAULT_SHIFT = 3;
const DEFAULT_DIM = 128;
/** Before the model.json of a layers model. */
const LAYERS_PREFIX = 'tfjs:';

/** A configuration from flags, checked. @throws UsageError, OptionOutOfRangeError, UnknownNameError */
export function resolveConfig(flags: TrainFlags): TrainConfig {
  const config = trainedPart(flags) === 'all' ? networkTraining(flags) : embeddingTraining(flags);
  checkConfig(config);
  return config;
}

/** `--pixels` names features, so it asks for an embedding on them. */
export function trainedPart({ train, pixels }: Pick<TrainFlags, 'train' | 'pixels'>): TrainedPart {
  if (train === undefined) return pixels === undefined ? 'all' : 'embedding';
  requireChoice('train', train, TRAINED_PARTS);
  return train as TrainedPart;
}

function embeddingTraining(flags: TrainFlags): TrainConfig {
  const features = featureConfig(flags);
  const common = commonTraining(flags, EMBEDDING_DEFAULTS);
  return { train: 'embedding', ...common, features, dim: flags.dim ?? DEFAULT_DIM };
}

function networkTraining(flags: TrainFlags): TrainConfig {
  const network = networkConfig(flags);
  const engine = flags.engine ?? (network.kind === 'layers' ? 'tfjs' : 'onnx');
  requireChoice('engine', engine, ENGINES);
  const { augmentFlip: flip, augmentShift: shift = DEFAULT_SHIFT, threads = availableParallelism() } = flags;
  return {
    train: 'all',
    engine: engine as EngineName,
    ...commonTraining(flags, networkDefaults(flags, network, engine as EngineName)),
    network,
    augmentation: { flip, shift },
    threads,
  };
}

function networkDefaults(flags: TrainFlags, network: NetworkConfig, engine: EngineName): Defaults {
  const defaults = defaultsOf(flags, network);
  return engine === 'tfjs' ? { ...defaults, head: 'tfjs-wasm' } : defaults;
}

function defaultsOf({ data, loss }: TrainFlags, network: NetworkConfig): Defaults {
  if (network.kind !== 'built-in') return FINE_TUNING_DEFAULTS;
  if (data !== undefined) return SCRATCH_DEFAULTS;
  // Margins of other losses are other numbers: SphereFace's is an integer.
  return loss === 'curricularface' ? DRAWN_DEFAULTS : { ...DRAWN_DEFAULTS, loss: { scale: 16 } };
}

function commonTraining(flags: TrainFlags, defaults: Defaults): CommonTraining {
  return {
    data: dataConfig(flags),
    loss: lossFromFlags(flags, defaults.loss),
    head: flags.head ?? defaults.head,
    epochs: flags.epochs ?? defaults.epochs,
    batch: flags.batch ?? defaults.batch,
    accumulate: flags.accumulate,
    learningRate: flags.lr ?? defaults.learningRate,
    momentum: flags.momentum,
    weightDecay: flags.weightDecay,
    schedule: flags.schedule as ScheduleName,
    warmupSteps: flags.warmupSteps ?? defaults.warmupSteps,
    seed: flags.seed,
    strict: flags.strict,
    evaluation: {
      pairs: flags.pairs,
      pairsFolds: flags.pairsFolds,
      flip: flags.flip,
      control: flags.control ?? defaults.control,
    },
  };
}

function networkConfig({
  backbone = 'tiny-iresnet',
  dim,
  freezeUntil,
  freezeBn = false,
}: TrainFlags): NetworkConfig {
  if (BACKBONE_NAMES.includes(backbone as BackboneName)) {
    const name = backbone as BackboneName;
    return { kind: 'built-in', name, dim: dim ?? backboneOf(name).embeddingSize };
  }
  if (backbone.startsWith(LAYERS_PREFIX) && backbone.length > LAYERS_PREFIX.length)
    return { kind: 'layers', file: backbone.slice(LAYERS_PREFIX.length), dim };
  const others = [...BACKBONE_NAMES, 'tfjs:model.json'];
  return { kind: 'onnx', file: onnxFile(backbone, others), dim, freezeUntil, freezeBn };
}

function dataConfig(flags: TrainFlags): TrainConfig['data'] {
  const { data: root, people, folds, minImages } = flags;
  requireBeside('--people', people, '--data', root, 'name the folder of pictures.');
  requireBeside('--folds', folds, '--people', people, 'name the list of people.');
  requireBeside('--pairs', flags.pairs, '--data', root, 'name the folder of pictures.');
  requireBeside('--pairs-folds', flags.pairsFolds, '--pairs', flags.pairs, 'name the list of pairs.');
  if (root !== undefined) return { kind: 'folder', root, people, folds, minImages };
  const { seed, identities, imagesPerIdentity, difficulty } = flags;
  return { kind: 'synthetic', seed, identities, imagesPerIdentity, difficulty };
}

function requireBeside(
  flag: string,
  value: string | undefined,
  other: string,
  otherValue: string | undefined,
  fix: string,
): void {
  if (value !== undefined && otherValue === undefined)
    throw new UsageError(`${flag} without ${other}`, `${other} as well`, fix);
}

/** Features to train an embedding on: `onnx:FILE` or pixels. */
function featureConfig({ backbone, pixels = 32 }: TrainFlags): FeatureConfig {
  if (backbone === undefined) return { kind: 'pixels', size: pixels };
  return { kind: 'onnx', file: onnxFile(backbone) };
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
