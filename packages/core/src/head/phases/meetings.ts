import { ShapeMismatchError } from '../../errors/errors.ts';
import type { NegativeCounts } from '../diagnostics.ts';
import type { Communicator } from './communicator.ts';
import { type LogSumExp, mergeLogSumExp } from './log-sum-exp.ts';
import { type Steps, wait } from './steps.ts';
import { NO_TARGET, type TargetPoints } from './target-points.ts';

/** What a shard has found in pass 1. */
export interface NegativesSeen {
  readonly logSumExp: LogSumExp;
  /** Undefined where nobody counted. */
  readonly counts: NegativeCounts | undefined;
}

/**
 * Gives every shard the target cosines and sines of the whole batch, and the number of classes of all shards.
 *
 * @throws ShapeMismatchError unless every sample has its class on exactly one shard
 */
export function* meetTargets(
  communicator: Communicator | undefined,
  { cos, sin }: Pick<TargetPoints, 'cos' | 'sin'>,
  labels: Int32Array,
  classes: number,
): Steps<number> {
  if (communicator === undefined) return classes;
  const batch = labels.length;
  const all = new Float64Array(3 * batch + 1);
  all.set(cos, 0);
  all.set(sin, batch);
  for (let i = 0; i < batch; i++) all[2 * batch + i] = labels[i] === NO_TARGET ? 0 : 1;
  all[3 * batch] = classes;
  yield* wait(communicator.allReduce(all, 'sum'));
  for (let i = 0; i < batch; i++) {
    if (all[2 * batch + i] === 1) continue;
    throw new ShapeMismatchError(
      `the class of sample ${i} on ${all[2 * batch + i]} shards`,
      'each class on one shard',
      `give a label on the shard that holds the class, and ${NO_TARGET} on all others.`,
    );
  }
  cos.set(all.subarray(0, batch));
  sin.set(all.subarray(batch, 2 * batch));
  return all[3 * batch]!;
}

/** Joins what the shards have found in pass 1: log-sum-exp and counts over all classes. */
export function* meetNegatives(
  communicator: Communicator | undefined,
  seen: NegativesSeen,
): Steps<NegativesSeen> {
  if (communicator === undefined) return seen;
  const { logSumExp, counts } = seen;
  const batch = logSumExp.max.length;
  const largest = new Float64Array(batch + 2);
  largest.set(logSumExp.max);
  largest[batch] = -(counts?.minSlope ?? Number.POSITIVE_INFINITY);
  largest[batch + 1] = counts?.maxSlope ?? Number.NEGATIVE_INFINITY;
  yield* wait(communicator.allReduce(largest, 'max'));
  const max = largest.subarray(0, batch);
  const sums = new Float64Array(batch + 2);
  sums.set(mergeLogSumExp([logSumExp, { max, sum: new Float64Array(batch) }]).sum);
  sums[batch] = counts?.hard ?? 0;
  sums[batch + 1] = counts?.emphasised ?? 0;
  yield* wait(communicator.allReduce(sums, 'sum'));
  return {
    logSumExp: { max, sum: sums.subarray(0, batch) },
    counts: counts && {
      hard: sums[batch]!,
      emphasised: sums[batch + 1]!,
      minSlope: -largest[batch]!,
      maxSlope: largest[batch + 1]!,
    },
  };
}

/** Sums ∂X over the shards, in place, and the number of class centers that were left out, where anybody counts them. */
export function* meetGradients(
  communicator: Communicator | undefined,
  { embeddings, skipped }: { readonly embeddings: Float64Array; readonly skipped?: number },
): Steps<number | undefined> {
  if (communicator === undefined) return skipped;
  yield* wait(communicator.allReduce(embeddings, 'sum'));
  const counted = Float64Array.of(skipped ?? 0, skipped === undefined ? 0 : 1);
  yield* wait(communicator.allReduce(counted, 'sum'));
  return counted[1] === 0 ? undefined : counted[0]!;
}
