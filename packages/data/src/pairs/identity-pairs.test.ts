import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identityPairs, type PairedImage } from './identity-pairs.ts';

const key = ({ identity, image }: PairedImage): string => `${identity}/${image}`;

describe('identityPairs', () => {
  it('balances each fold, repeats no pair and shares no identity between folds', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 60 });
    fc.assert(
      fc.property(counts, fc.integer(), fc.constantFrom(1, 2, 10), (images, seed, folds) => {
        fc.pre(images.filter((count) => count >= 2).length >= 2);
        const pairs = identityPairs({ counts: images, seed, folds, mostPairs: 400 });
        const keys = pairs.map(({ a, b }) => [key(a), key(b)].sort().join(' '));
        expect(new Set(keys).size).toBe(pairs.length);
        expect(pairs.length).toBeLessThanOrEqual(400);
        const foldOf = new Map<number, number>();
        for (const { fold, same, a, b } of pairs) {
          expect(same).toBe(a.identity === b.identity);
          for (const { identity, image } of [a, b]) {
            expect(image).toBeLessThan(images[identity]!);
            expect(foldOf.get(identity) ?? fold).toBe(fold);
            foldOf.set(identity, fold);
          }
        }
        for (const fold of new Set(pairs.map((pair) => pair.fold))) {
          const own = pairs.filter((pair) => pair.fold === fold);
          expect(own.filter(({ same }) => same).length * 2).toBe(own.length);
        }
      }),
    );
  });

  it('is the same for the same seed and another for another', () => {
    const counts = new Array<number>(40).fill(5);
    const draw = (seed: number): string => JSON.stringify(identityPairs({ counts, seed, mostPairs: 200 }));
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
  });

  it('says when there is nothing to pair', () => {
    expect(() => identityPairs({ counts: [5], seed: 0 })).toThrow('counts.length');
    expect(() => identityPairs({ counts: [1, 1, 1], seed: 0 })).toThrow('none with two pictures');
  });
});
