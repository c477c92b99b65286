import { ShapeMismatchError } from '../../errors/errors.ts';
import type { AllReduce, Communicator } from './communicator.ts';
import { mergeLogSumExp } from './log-sum-exp.ts';
import { wait } from './steps.ts';
import { NO_TARGET } from './target-points.ts';

/** The meetings of shards that can reduce arrays. */
export function communicator(allReduce: AllReduce): Communicator {
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
