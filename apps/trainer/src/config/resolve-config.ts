import {
  createLoss,
  OptionOutOfRangeError,
  requireChoice,
  requireInteger,
  requirePositive,
  requireRange,
} from '@cf/core';
import { UsageError } from '../errors.ts';
import { SCHEDULES, type ScheduleName } from '../optimiser/schedule.ts';
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

/** Checks every number and name of a configuration. @throws OptionOutOfRangeError, UnknownNameError */
export function checkConfig(config: TrainConfig): void {
  requireInteger('dim', config.dim, 2, 4096);
  requireInteger('epochs', config.epochs, 1, 1e6);
  requireInteger('batch', config.batch, 1, 65536);
  requireInteger('accumulate', config.accumulate, 1, 1024);
  requirePositive('lr', config.learningRate);
  if (!(config.momentum >= 0 && config.momentum < 1))
    throw new OptionOutOfRangeError('momentum', config.momentum, '0 ≤ momentum < 1');
  requireRange('weight-decay', config.weightDecay, 0, 1);
  requireChoice('schedule', config.schedule, SCHEDULES);
  requireInteger('warmup-steps', config.warmupSteps, 0, 1e9);
  requireInteger('seed', config.seed, 0, 2 ** 31);
  createLoss(config.loss.name, config.loss.params);
}

function dataConfig(flags: TrainFlags): TrainConfig['data'] {
  const { data: root, people, folds, minImages } = flags;
  if (root === undefined) {
    for (const [flag, value] of [
      ['--people', people],
      ['--folds', folds],
      ['--pairs', flags.pairs],
    ] as const) {
      if (value !== undefined)
        throw new UsageError(`${flag} without --data`, '--data as well', 'name the folder of pictures.');
    }
    const { seed, identities, imagesPerIdentity, difficulty } = flags;
    return { kind: 'synthetic', seed, identities, imagesPerIdentity, difficulty };
  }
  if (folds !== undefined && people === undefined)
    throw new UsageError('--folds without --people', '--people as well', 'name the list of people.');
  if (flags.pairsFolds !== undefined && flags.pairs === undefined) {
    throw new UsageError('--pairs-folds without --pairs', '--pairs as well', 'name the list of pairs.');
  }
  requireInteger('min-images', minImages, 1, 1e6);
  return { kind: 'folder', root, people, folds, minImages };
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
