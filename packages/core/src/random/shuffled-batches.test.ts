import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shuffledBatches } from './shuffled-batches.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const sorted = (batches: readonly Uint32Array[]): number[] =>
  batches.flatMap((batch) => [...batch]).sort((a, b) => a - b);

describe('shuffledBatches', () => {
  it('shows every sample exactly once an epoch', () => {
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.integer({ min: 1, max: 50 }),
        fc.integer(),
        fc.nat(9),
        (count, size, seed, epoch) => {
          const batches = shuffledBatches(count, size, seed, epoch);
          expect(sorted(batches)).toEqual(range(count));
          expect(batches.length).toBe(Math.ceil(count / size));
          for (const batch of batches.slice(0, -1)) expect(batch.length).toBe(size);
        },
      ),
    );
  });

  it('depends on the seed and the epoch, and on nothing else', () => {
    expect(shuffledBatches(50, 8, 1, 2)).toEqual(shuffledBatches(50, 8, 1, 2));
    expect(shuffledBatches(50, 8, 1, 2)).not.toEqual(shuffledBatches(50, 8, 1, 3));
    expect(shuffledBatches(50, 8, 1, 2)).not.toEqual(shuffledBatches(50, 8, 2, 2));
  });

  it('drops only an incomplete last batch, on demand', () => {
    expect(shuffledBatches(10, 4, 0, 0, { dropLast: true }).map((batch) => batch.length)).toEqual([4, 4]);
    expect(shuffledBatches(8, 4, 0, 0, { dropLast: true }).map((batch) => batch.length)).toEqual([4, 4]);
    expect(shuffledBatches(3, 4, 0, 0, { dropLast: true })).toEqual([]);
  });

  it('names what is out of range', () => {
    expect(() => shuffledBatches(-1, 4, 0, 0)).toThrow('count = -1');
    expect(() => shuffledBatches(10, 0, 0, 0)).toThrow('batchSize = 0');
    expect(() => shuffledBatches(10, 4, 0, 0.5)).toThrow('epoch = 0.5');
  });
});
