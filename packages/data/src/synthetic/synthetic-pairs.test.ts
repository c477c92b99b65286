import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPairs, parsePairs } from '../lfw/pairs.ts';
import { syntheticPairs } from './synthetic-pairs.ts';

describe('syntheticPairs', () => {
  it('balances every fold, repeats no pair, and shares no person between folds', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 4, max: 8 }),
        fc.nat(50),
        (seed, folds, perFold, from) => {
          const range = { from, to: from + folds * perFold };
          const list = syntheticPairs({
            seed,
            identities: range,
            imagesPerIdentity: 5,
            pairs: folds * 40,
            folds,
          });
          expect(list.pairs.length).toBe(folds * 40);
          const keys = list.pairs.map(({ a, b }) =>
            [`${a.name} ${a.index}`, `${b.name} ${b.index}`].sort().join(' '),
          );
          expect(new Set(keys).size).toBe(keys.length);
          const foldOf = new Map<string, number>();
          for (const { fold, same, a, b } of list.pairs) {
            expect(a.identityIndex === b.identityIndex).toBe(same);
            expect(same && a.imageIndex === b.imageIndex).toBe(false);
            for (const { name, identityIndex, imageIndex, index } of [a, b]) {
              expect(identityIndex >= range.from && identityIndex < range.to).toBe(true);
              expect([imageIndex >= 0 && imageIndex < 5, index]).toEqual([true, imageIndex + 1]);
              expect(foldOf.get(name) ?? fold).toBe(fold);
              foldOf.set(name, fold);
            }
          }
          for (let fold = 0; fold < folds; fold++) {
            const own = list.pairs.filter((pair) => pair.fold === fold);
            expect([own.length, own.filter(({ same }) => same).length]).toEqual([40, 20]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('can be written as an LFW list and read back', () => {
    const options = { seed: 3, identities: { from: 20, to: 60 }, imagesPerIdentity: 8, pairs: 600 };
    const list = syntheticPairs(options);
    const back = parsePairs(formatPairs(list), list.source);
    expect(back.folds).toBe(10);
    expect(list.pairs).toMatchObject(back.pairs);
    expect(syntheticPairs(options)).toEqual(list);
    expect(syntheticPairs({ ...options, seed: 4 })).not.toEqual(list);
  });

  it('refuses what people or pictures do not allow', () => {
    const base = { seed: 0, identities: { from: 0, to: 20 }, imagesPerIdentity: 4, pairs: 40, folds: 10 };
    expect(syntheticPairs(base).pairs.length).toBe(40);
    expect(() => syntheticPairs({ ...base, pairs: 50 })).toThrow('pairs = 50, expected a multiple of 20');
    expect(() => syntheticPairs({ ...base, identities: { from: 0, to: 19 } })).toThrow('identities.to = 19');
    expect(() => syntheticPairs({ ...base, imagesPerIdentity: 1 })).toThrow('imagesPerIdentity = 1');
    expect(() => syntheticPairs({ ...base, pairs: 4000 })).toThrow(
      'pairs = 4000, expected at most 240 from 20 people',
    );
  });
});
