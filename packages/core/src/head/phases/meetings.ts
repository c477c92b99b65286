import type { Communicator } from '../../communicator/communicator.ts';
import { ShapeMismatchError } from '../../errors/errors.ts';
import type { NegativeCounts } from './hard-negatives.ts';
import { type LogSumExp, mergeLogSumExp } from './log-sum-exp.ts';
import { type Eventually, type Steps, wait } from './steps.ts';
import { NO_TARGET } from './target-points.ts';

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
 * Where the shards of a head meet: each holds all embeddings and some of the class centers. All come with the same embeddings,
 * state and sample weights.
 */
export interface Meetings {
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

/** The meetings of shards, one a rank. */
export function meetingsOf(communicator: Communicator): Meetings {
  const allReduce = (values: Float64Array, operation: 'sum' | 'max'): Eventually<void> =>
    communicator.allReduce(values, operation);
  return {
    *targets(ofSamples, labels, classes) {
      const batch = labels.length;
      const holders = Float64Array.from(labels, (label) => (label === NO_TARGET ? 0 : 1));
      const all = joined([...ofSamples, holders, Float64Array.of(classes)]);
      yield* wait(allReduce(all, 'sum'));
      const held = all.subarray(batch * ofSamples.length);
      for (let i = 0; i < batch; i++) {
        if (held[i] === 1) continue;
        throw new ShapeMismatchError(
          `the class of sample ${i} on ${held[i]} shards`,
          'each class on one shard',
          `give a label on the shard that holds the class, and ${NO_TARGET} on all others.`,
        );
      }
      ofSamples.forEach((values, k) => {
        values.set(all.subarray(k * batch, (k + 1) * batch));
      });
      return held[batch]!;
    },
    *total(value) {
      const sum = Float64Array.of(value);
      yield* wait(allReduce(sum, 'sum'));
      return sum[0]!;
    },
    *negatives({ logSumExp, sums, counts }) {
      const batch = logSumExp.max.length;
      const largest = new Float64Array(batch + 2);
      largest.set(logSumExp.max);
      largest[batch] = -(counts?.minSlope ?? Number.POSITIVE_INFINITY);
      largest[batch + 1] = counts?.maxSlope ?? Number.NEGATIVE_INFINITY;
      yield* wait(allReduce(largest, 'max'));
      const max = largest.subarray(0, batch);
      const { sum } = mergeLogSumExp([logSumExp, { max, sum: new Float64Array(batch) }]);
      const counted = Float64Array.of(counts?.hard ?? 0, counts?.emphasised ?? 0);
      const all = joined([sum, ...Object.values(sums), counted]);
      yield* wait(allReduce(all, 'sum'));
      const row = (k: number): Float64Array => all.subarray(k * batch, (k + 1) * batch);
      const [hard, emphasised] = all.subarray(all.length - 2) as unknown as [number, number];
      return {
        logSumExp: { max, sum: row(0) },
        sums: Object.fromEntries(Object.keys(sums).map((name, k) => [name, row(k + 1)])),
        counts: counts && { hard, emphasised, minSlope: -largest[batch]!, maxSlope: largest[batch + 1]! },
      };
    },
    *gradients({ embeddings, sharedBias, skipped }) {
      yield* wait(allReduce(embeddings, 'sum'));
      const few = Float64Array.of(skipped ?? 0, skipped === undefined ? 0 : 1, sharedBias?.[0] ?? 0);
      yield* wait(allReduce(few, 'sum'));
      if (sharedBias !== undefined) sharedBias[0] = few[2]!;
      return few[1] === 0 ? undefined : few[0]!;
    },
  };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
