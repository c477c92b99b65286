import { ShapeMismatchError } from '../../errors/errors.ts';
import type { AllReduce, Communicator } from './communicator.ts';
import { mergeLogSumExp } from './log-sum-exp.ts';
import { wait } from './steps.ts';
import { NO_TARGET } from './target-points.ts';

/** The meetings of shards that can reduce arrays. */
export function communicator(allReduce: AllReduce): Communicator {
  return {
    *targets({ cos, sin }, labels, classes) {
      const batch = labels.length;
      const all = new Float64Array(3 * batch + 1);
      all.set(cos, 0);
      all.set(sin, batch);
      for (let i = 0; i < batch; i++) all[2 * batch + i] = labels[i] === NO_TARGET ? 0 : 1;
      all[3 * batch] = classes;
      yield* wait(allReduce(all, 'sum'));
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
    },
    *negatives({ logSumExp, counts }) {
      const batch = logSumExp.max.length;
      const largest = new Float64Array(batch + 2);
      largest.set(logSumExp.max);
      largest[batch] = -(counts?.minSlope ?? Number.POSITIVE_INFINITY);
      largest[batch + 1] = counts?.maxSlope ?? Number.NEGATIVE_INFINITY;
      yield* wait(allReduce(largest, 'max'));
      const max = largest.subarray(0, batch);
      const sums = new Float64Array(batch + 2);
      sums.set(mergeLogSumExp([logSumExp, { max, sum: new Float64Array(batch) }]).sum);
      sums[batch] = counts?.hard ?? 0;
      sums[batch + 1] = counts?.emphasised ?? 0;
      yield* wait(allReduce(sums, 'sum'));
      return {
        logSumExp: { max, sum: sums.subarray(0, batch) },
        counts: counts && {
          hard: sums[batch]!,
          emphasised: sums[batch + 1]!,
          minSlope: -largest[batch]!,
          maxSlope: largest[batch + 1]!,
        },
      };
    },
    *gradients({ embeddings, skipped }) {
      yield* wait(allReduce(embeddings, 'sum'));
      const counted = Float64Array.of(skipped ?? 0, skipped === undefined ? 0 : 1);
      yield* wait(allReduce(counted, 'sum'));
      return counted[1] === 0 ? undefined : counted[0]!;
    },
  };
}
