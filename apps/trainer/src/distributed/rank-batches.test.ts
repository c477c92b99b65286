import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutsOf, requireRankBatches } from './rank-batches.ts';

test('all pictures of a step are in some micro-batch of some rank, none of them too large', () => {
  const positive = (max: number) => fc.integer({ min: 1, max });
  fc.assert(
    fc.property(positive(60), positive(20), positive(7), (step, batch, size) => {
      const cuts = cutsOf(step, batch, size);
      expect(cuts).toHaveLength(size);
      expect(cuts.flat().reduce((sum, count) => sum + count, 0)).toBe(step);
      for (const count of cuts.flat()) {
        expect(count).toBeGreaterThan(0);
        expect(count).toBeLessThanOrEqual(Math.ceil(batch / size));
      }
    }),
  );
});

describe('batches of ranks', () => {
  const config = { batch: 8, accumulate: 1, lastBatch: 'drop', syncBn: false } as const;

  test.each([
    [{}, { images: 100, smallest: 2, size: 4 }],
    [
      { batch: 10, accumulate: 4 },
      { images: 100, smallest: 2, size: 1 },
    ],
    [{ lastBatch: 'keep' as const }, { images: 22, smallest: 2, size: 3 }],
    [
      { syncBn: true, accumulate: 3 },
      { images: 100, smallest: 2, size: 2 },
    ],
  ])('%j for %j', (changes, given) => {
    expect(() => requireRankBatches({ ...config, ...changes }, given)).not.toThrow();
  });

  test.each([
    [
      'one of a rank',
      { batch: 10, accumulate: 4 },
      { images: 100, smallest: 2, size: 4 },
      /smallest of a rank 1/,
    ],
    [
      'in the last step',
      { lastBatch: 'keep' as const },
      { images: 20, smallest: 2, size: 3 },
      /step of 4 .* rank 1/,
    ],
    ['none of a rank', {}, { images: 2, smallest: 1, size: 3 }, /smallest of a rank 0/],
    [
      'ranks that pass more often',
      { syncBn: true, batch: 10, accumulate: 2 },
      { images: 100, smallest: 1, size: 8 },
      /--sync-bn .* or .* of a rank/,
    ],
  ])('%s', (_, changes, given, message) => {
    expect(() => requireRankBatches({ ...config, ...changes }, given)).toThrow(message);
  });
});
