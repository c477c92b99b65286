import { adaFace, curricularFace, mvArcSoftmax, normFace, type PreparedBatch, softmax } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { largestSlope, tilesToSkip } from './skip-tiles.ts';

const prepared = (rows: PreparedBatch['sampleValues']): PreparedBatch => {
  const zeros = new Float64Array(rows.length);
  const pastPi = new Uint8Array(rows.length);
  const target = { value: zeros, dCos: zeros, dNorm: zeros, pivot: zeros, pastPi, targetLogit: zeros };
  return {
    ...target,
    sampleValues: rows,
    logitScale: zeros,
    next: {},
    nextClassValues: undefined,
    completed: () => target,
  };
};

describe('the largest slope of a negative', () => {
  test.each([
    ['NormFace', normFace(), {}, 1],
    ['AdaFace', adaFace(), {}, 1],
    ['softmax', softmax(), {}, 1],
    ['MV-Arc-Softmax', mvArcSoftmax({ t: 1.2 }), {}, 1.2],
    ['CurricularFace', curricularFace(), { t: 0.3 }, 2.3],
    ['CurricularFace with t < 0', curricularFace(), { t: -0.3 }, 2.3],
  ] as const)('of %s', (_, loss, row, slope) => {
    expect(largestSlope(loss, prepared([row, row]))).toBeCloseTo(slope, 12);
  });
});

describe('tiles to skip', () => {
  const skippedOf = (shares: readonly Float64Array[], bound: number): ReadonlySet<number> =>
    tilesToSkip(shares.length, shares[0]!.length, (tile, sample) => shares[tile]![sample]!, bound);

  const share = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e-3, noNaN: true }));
  const tiles = fc.integer({ min: 1, max: 7 }).chain((batch) =>
    fc.array(
      fc.array(share, { minLength: batch, maxLength: batch }).map((values) => Float64Array.from(values)),
      { minLength: 1, maxLength: 41 },
    ),
  );

  test('never hold more of a sample’s probability than the bound', () => {
    fc.assert(
      fc.property(tiles, fc.double({ min: 0, max: 1e-2, noNaN: true }), (shares, bound) => {
        const skipped = skippedOf(shares, bound);
        for (let i = 0; i < shares[0]!.length; i++) {
          const total = [...skipped].reduce((sum, tile) => sum + shares[tile]![i]!, 0);
          expect(total).toBeLessThanOrEqual(bound * (1 + 1e-12));
        }
      }),
    );
  });

  test('are the least likely ones', () => {
    const shares = [0.4, 1e-9, 3e-9, 0.2].map((value) => Float64Array.of(value));
    expect([...skippedOf(shares, 2e-9)]).toEqual([1]);
    expect([...skippedOf(shares, 5e-9)]).toEqual([1, 2]);
  });

  test('are none where small shares add up to more than the bound', () => {
    const many = Array.from({ length: 1000 }, () => Float64Array.of(1e-9));
    expect(skippedOf(many, 1.05e-8).size).toBe(10);
  });

  test('are none where the bound is 0 or no number', () => {
    const shares = [Float64Array.of(0)];
    expect(skippedOf(shares, 0).size).toBe(0);
    expect(skippedOf(shares, Number.NaN).size).toBe(0);
  });
});
