import { requireChoice, requireInteger } from '../errors/check-options.ts';
import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import { shuffledBatches } from './shuffled-batches.ts';

/** Which samples each step of a training sees: a function of the epoch alone, so that a run can be resumed. */
export interface Sampler {
  /** Steps of every epoch, at least one. */
  readonly steps: number;
  /** Samples that an epoch passes over for being too few for a step; others every time. */
  readonly leftOut: number;
  /**
   * Sample indices of each step of an epoch.
   *
   * @param epoch - from 0.
   * @throws OptionOutOfRangeError for a negative epoch.
   */
  batches(epoch: number): readonly Uint32Array[];
}

/** What becomes of the samples that are left over for a smaller step at the end of an epoch. */
export type LastBatch = 'drop' | 'keep';

/** What {@link uniformSampler} is made of. */
export interface UniformSamplerOptions {
  /** N. */
  readonly count: number;
  /** Samples a step. */
  readonly size: number;
  readonly seed: number | string;
  /** Default `drop`: every step has `size` samples, unless there are fewer altogether. */
  readonly lastBatch?: LastBatch;
}

const OPTIONS: OptionNames<UniformSamplerOptions> = { count: true, size: true, seed: true, lastBatch: true };

/**
 * Every sample once an epoch, in random order; what is left over is a smaller step, or waits for another epoch's shuffle.
 *
 * @throws OptionOutOfRangeError for a count or size under 1, or an unknown choice.
 */
export function uniformSampler(options: UniformSamplerOptions): Sampler {
  requireKnownOptions('uniformSampler', options, OPTIONS);
  const { count, size, seed, lastBatch = 'drop' } = options;
  requireInteger('count', count, 1, 2 ** 32);
  requireInteger('size', size, 1, Number.MAX_SAFE_INTEGER);
  requireChoice('lastBatch', lastBatch, ['drop', 'keep']);
  const dropLast = lastBatch === 'drop' && count >= size;
  const steps = dropLast ? Math.floor(count / size) : Math.ceil(count / size);
  return {
    steps,
    leftOut: dropLast ? count % size : 0,
    batches: (epoch) => shuffledBatches(count, size, seed, epoch, { dropLast }),
  };
}
