import type { NegativeCounts } from './hard-negatives.ts';
import type { LogSumExp } from './log-sum-exp.ts';
import type { Eventually, Steps } from './steps.ts';

/** What a shard has found in pass 1. */
export interface NegativesSeen {
  /** That of no negative where the objective is binary. */
  readonly logSumExp: LogSumExp;
  /** Those of `negativeSumNames`: [B] each. */
  readonly sums: Readonly<Record<string, Float64Array>>;
  /** Undefined where nobody counted. */
  readonly counts: NegativeCounts | undefined;
}

/**
 * Puts the sum, or the largest, over all shards in the place of each number. Every shard then holds the same bits: t and
 * whatever else follows from them is the same everywhere. All shards call it in the same order, with the same embeddings,
 * state and sample weights. A shard that fails does not come to the meeting: whoever runs the shards tells the others, by
 * rejecting what they wait for.
 */
export type AllReduce = (values: Float64Array, operation: 'sum' | 'max') => Eventually<void>;

/**
 * Where the shards of a head meet: each holds all embeddings and some of the class centers. Made by `communicator` from
 * an {@link AllReduce}; on one machine there is none, and nothing has to meet.
 */
export interface Communicator {
  /**
   * Gives every shard what is known of the samples' own classes (target cosines and sines among it), [B] each, in place,
   * where a shard that does not hold the class has zeros; and the number of classes of all shards.
   *
   * @throws ShapeMismatchError unless every sample has its class on exactly one shard
   */
  targets(ofSamples: readonly Float64Array[], labels: Int32Array, classes: number): Steps<number>;
  /** The sum over the shards of one number. */
  total(value: number): Steps<number>;
  /** Joins what the shards have found in pass 1: log-sum-exp, sums and counts over all classes. */
  negatives(seen: NegativesSeen): Steps<NegativesSeen>;
  /**
   * Sums ∂X over the shards, in place, with the gradient of a bias that all classes share, where there is one, and the
   * number of class centers that were left out, where anybody counts them.
   */
  gradients(sums: {
    readonly embeddings: Float64Array;
    readonly sharedBias?: Float64Array | undefined;
    readonly skipped?: number;
  }): Steps<number | undefined>;
}
