import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitIdentities } from './split.ts';

const people = (count: number): string[] => Array.from({ length: count }, (_, n) => `p${n}`);

describe('splitIdentities', () => {
  it('divides into two disjoint parts in order, of the size asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 80 }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.integer(),
        (count, share, seed) => {
          const all = people(count);
          const { train, validation } = splitIdentities(all, { validation: share, seed });
          expect(train.length + validation.length).toBe(count);
          expect(all.filter((name) => train.includes(name))).toEqual(train);
          expect(all.filter((name) => !train.includes(name))).toEqual(validation);
          expect(validation.length).toBe(Math.min(count - 1, Math.max(1, Math.round(share * count))));
        },
      ),
    );
  });

  it('takes a number of identities too, and depends on the seed', () => {
    const split = (seed: number): readonly string[] =>
      splitIdentities(people(50), { validation: 10, seed }).validation;
    expect(split(1).length).toBe(10);
    expect(split(1)).toEqual(split(1));
    expect(split(1)).not.toEqual(split(2));
  });

  it('refuses what leaves a part empty', () => {
    for (const validation of [0, -1, 2.5, 3, Number.NaN]) {
      expect(() => splitIdentities(people(3), { validation, seed: 0 })).toThrow(`validation = ${validation}`);
    }
    expect(() => splitIdentities(people(1), { validation: 0.5, seed: 0 })).toThrow('identities.length = 1');
  });
});
