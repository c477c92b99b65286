import { mergeLogSumExp } from '@cf/core';
import { describe, expect, test } from 'vitest';
import { HeadMemory } from './head-memory.ts';
import { NegativeSums } from './negative-sums.ts';

const NONE = new Float32Array(0);

describe('what pass 1 has found', () => {
  // Two samples, three tiles; the second tile raises the shift of the first sample.
  const [low, high] = [Float32Array.of(1, Number.NaN), Float32Array.of(3, 2)];
  const found = (radial: boolean): NegativeSums => {
    const sums = new NegativeSums(new HeadMemory(), 2, 3);
    const of = (...values: number[]): Float32Array => (radial ? Float32Array.from(values) : NONE);
    const shared = Float32Array.of(0.5, 0);
    sums.add({ shift: low, sum: shared, radial: of(0.25, 0) });
    // Passes hand out the same array again.
    shared.set([2, 4]);
    sums.add({ shift: high, sum: shared, radial: of(1, -2) });
    sums.add({ shift: high, sum: Float32Array.of(1, 1), radial: of(0.5, 1) });
    return sums;
  };

  test('is the log-sum-exp over all tiles, whatever their shifts', () => {
    const { max, sum } = mergeLogSumExp(found(false).logSumExps());
    const total = max.map((value, i) => value + Math.log(sum[i]!));
    expect(total[0]).toBeCloseTo(Math.log(0.5 * Math.exp(1) + 3 * Math.exp(3)), 12);
    expect(total[1]).toBeCloseTo(Math.log(5 * Math.exp(2)), 12);
  });

  test('says where the probability lies, and what the norm has to do with it', () => {
    const sums = found(true);
    const targets = [Math.exp(2), Math.exp(1)];
    const whole = [0.5 * Math.exp(1) + 3 * Math.exp(3) + targets[0]!, 5 * Math.exp(2) + targets[1]!];
    sums.complete(Float64Array.from(whole, Math.log));
    const shares = [0, 1, 2].map((tile) => [sums.share(tile, 0), sums.share(tile, 1)]);
    const expected = [
      [0.5 * Math.exp(1), 0],
      [2 * Math.exp(3), 4 * Math.exp(2)],
      [Math.exp(3), Math.exp(2)],
    ];
    shares.forEach((share, tile) => {
      share.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[tile]![i]! / whole[i]!, 12);
      });
    });
    const [first, second] = sums.radials();
    expect(first).toBeCloseTo((0.25 * Math.exp(1) + 1.5 * Math.exp(3)) / whole[0]!, 12);
    expect(second).toBeCloseTo((-1 * Math.exp(2)) / whole[1]!, 12);
  });

  test('a sample without a negative has none in the sum', () => {
    const sums = new NegativeSums(new HeadMemory(), 1, 1);
    sums.add({ shift: Float32Array.of(Number.NaN), sum: Float32Array.of(0), radial: NONE });
    expect([...mergeLogSumExp(sums.logSumExps()).max]).toEqual([Number.NEGATIVE_INFINITY]);
    sums.complete(Float64Array.of(5));
    expect([sums.share(0, 0), ...sums.scale(0), ...sums.radials()]).toEqual([0, 0, 0]);
  });
});
