import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balancedBatches } from './balanced-batches.ts';
import { orderedBatches } from './ordered-batches.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const sorted = (batches: readonly Uint32Array[]): number[] =>
  batches.flatMap((batch) => [...batch]).sort((a, b) => a - b);

describe('balancedBatches', () => {
  const labelLists = fc.array(fc.nat(6), { minLength: 1, maxLength: 60 });

  it('holds P identities of K pictures in every batch', () => {
    fc.assert(
      fc.property(
        labelLists,
        fc.integer({ min: 1, max: 5 }),
        fc.integer(),
        fc.nat(3),
        (labels, K, seed, epoch) => {
          const P = Math.ceil(new Set(labels).size / 2);
          const batches = balancedBatches(labels, { identities: P, images: K, seed, epoch });
          expect(batches.length).toBe(Math.ceil(labels.length / (P * K)));
          for (const batch of batches) {
            const counts = new Map<number, number[]>();
            for (const sample of batch) {
              counts.set(labels[sample]!, [...(counts.get(labels[sample]!) ?? []), sample]);
            }
            expect(counts.size).toBe(P);
            for (const [label, samples] of counts) {
              expect(samples.length).toBe(K);
              const available = labels.filter((other) => other === label).length;
              expect(new Set(samples).size).toBe(Math.min(K, available));
            }
          }
        },
      ),
    );
  });

  it('draws identities, and pictures within an identity, equally often to within one', () => {
    fc.assert(
      fc.property(labelLists, fc.integer({ min: 1, max: 4 }), fc.integer(), (labels, K, seed) => {
        const P = Math.ceil(new Set(labels).size / 2);
        const batches = balancedBatches(labels, { identities: P, images: K, seed, epoch: 0, batches: 12 });
        const samples = labels.map(() => 0);
        for (const batch of batches) for (const sample of batch) samples[sample]!++;
        const totals = new Map<number, number>();
        for (const label of new Set(labels)) {
          const own = samples.filter((_, index) => labels[index] === label);
          expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
          totals.set(label, own.reduce((sum, count) => sum + count, 0) / K);
        }
        expect(Math.max(...totals.values()) - Math.min(...totals.values())).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is the same for the same seed and epoch only', () => {
    const labels = range(40).map((sample) => sample % 8);
    const batches = (seed: number, epoch: number): readonly Uint32Array[] =>
      balancedBatches(labels, { identities: 4, images: 2, seed, epoch });
    expect(batches(1, 0)).toEqual(batches(1, 0));
    expect(batches(1, 0)).not.toEqual(batches(1, 1));
    expect(batches(1, 0)).not.toEqual(batches(2, 0));
  });

  it('says when there are too few identities', () => {
    expect(() => balancedBatches([0, 0, 1], { identities: 3, images: 1, seed: 0, epoch: 0 })).toThrow(
      'identities = 3, expected at most 2',
    );
    expect(() => balancedBatches([0, -1], { identities: 1, images: 1, seed: 0, epoch: 0 })).toThrow(
      'labels[1] = -1',
    );
  });
});

describe('orderedBatches', () => {
  const order = [5, 3, 9, 0, 1, 7, 2, 8, 6, 4];
  const all = { start: 1 };

  it('sees the easiest share only, each sample once, in random order', () => {
    const half = orderedBatches(order, 2, 0, 0, { start: 0.5, growSteps: 4 });
    expect(sorted(half)).toEqual([0, 1, 3, 5, 9]);
    expect(half.map((batch) => batch.length)).toEqual([2, 2, 1]);
    expect(sorted(orderedBatches(order, 3, 0, 4, { start: 0.5, growSteps: 4 }))).toEqual(range(10));
    expect(orderedBatches(order, 10, 0, 1, all)).not.toEqual(orderedBatches(order, 10, 0, 2, all));
    expect(sorted(orderedBatches(order, 3, 0, 0, { start: 1e-9 }))).toEqual([5]);
  });

  it('leaves the given order as it is', () => {
    const mine = Uint32Array.from(order);
    orderedBatches(mine, 3, 0, 0, all);
    expect([...mine]).toEqual(order);
  });

  it('refuses a start that is no share', () => {
    for (const start of [0, -1, 1.01, Number.NaN]) {
      expect(() => orderedBatches(order, 2, 0, 3, { start })).toThrow('start');
    }
  });
});
