import { describe, expect, test } from 'vitest';
import { mergeLogSumExp } from './log-sum-exp.ts';

describe('mergeLogSumExp', () => {
  test('is the log-sum-exp of all, whatever the sizes', () => {
    const merged = mergeLogSumExp([
      { max: Float64Array.of(1000, -1000), sum: Float64Array.of(2, 1) },
      { max: Float64Array.of(999, -1001), sum: Float64Array.of(3, 4) },
    ]);
    expect(Array.from(merged.max)).toEqual([1000, -1000]);
    expect(merged.sum[0]).toBeCloseTo(2 + 3 / Math.E, 14);
    expect(merged.sum[1]).toBeCloseTo(1 + 4 / Math.E, 14);
  });

  test('a shard without negatives adds nothing, and none at all stays empty', () => {
    const none = { max: Float64Array.of(Number.NEGATIVE_INFINITY), sum: Float64Array.of(0) };
    const some = { max: Float64Array.of(3), sum: Float64Array.of(1.5) };
    expect(mergeLogSumExp([none, some])).toEqual(some);
    expect(mergeLogSumExp([none, none])).toEqual(none);
  });
});
