import { UsageError } from '../errors.ts';
import type { ScheduleName } from '../optimiser/schedule.ts';
import { checkConfig } from './check-config.ts';
import { type LossFlags, lossFromFlags } from './loss-flags.ts';
import type { FeatureConfig, TrainConfig } from './train-config.ts';

/** The flags of `cf train`, as the command line gives them. */
export interface TrainFlags extends LossFlags {
  readonly data?: string;
  readonly people?: string;
  readonly folds?: string;
  readonly minImages: number;
  readonly identities: number;
  readonly imagesPerIdentity: number;
  readonly difficulty: number;
  readonly backbone?: string;
  readonly pixels: number;
  readonly dim: number;
  readonly head: string;
  readonly epochs: number;
  readonly batch: number;
  readonly accumulate: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly schedule: string;
  readonly warmupSteps: number;
  readonly seed: number;
  readonly strict: boolean;
  readonly pairs?: string;
  readonly pairsFolds?: string;
  readonly flip: boolean;
  readonly control: boolean;
}

/** A configuration from flags, checked. @throws UsageError, OptionOutOfRangeError, UnknownNameError */
export function resolveConfig(flags: TrainFlags): TrainConfig {
  const config: TrainConfig = {
    data: dataConfig(flags),
    features: featureConfig(flags),
    dim: flags.dim,
    loss: lossFromFlags(flags),
    head: flags.head,
    epochs: flags.epochs,
    batch: flags.batch,
    accumulate: flags.accumulate,
    learningRate: flags.lr,
    momentum: flags.momentum,
    weightDecay: flags.weightDecay,
    schedule: flags.schedule as ScheduleName,
    warmupSteps: flags.warmupSteps,
    seed: flags.seed,
    strict: flags.strict,
    evaluation: {
      pairs: flags.pairs,
      pairsFolds: flags.pairsFolds,
      flip: flags.flip,
      control: flags.control,
    },
  };
  checkConfig(config);
  return config;
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

/** `onnx:FILE` or pixels. */
export function featureConfig({
  backbone,
  pixels,
}: {
  readonly backbone?: string;
  readonly pixels: number;
}): FeatureConfig {
  if (backbone === undefined) return { kind: 'pixels', size: pixels };
  return { kind: 'onnx', file: onnxFile(backbone) };
}

/** The file of `onnx:FILE`. @throws UsageError */
export function onnxFile(text: string): string {
  if (text.startsWith('onnx:') && text.length > 5) return text.slice(5);
  throw new UsageError(
    `'${text}'`,
    'onnx:FILE',
    'write the kind before the file, such as onnx:backbone.onnx.',
  );
}
