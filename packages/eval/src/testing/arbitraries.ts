import fc from 'fast-check';
import type { Pairs } from './brute-force.ts';

/** Pairs with at least one of each kind; scores are few multiples of 1/64, so that ties are common and sums exact. */
export function arbitraryPairs(maxLength = 41): fc.Arbitrary<Pairs> {
  const score = fc
    .oneof(fc.integer({ min: -64, max: 64 }), fc.integer({ min: -3, max: 3 }))
    .map((k) => k / 64);
  return fc
    .array(fc.tuple(score, fc.boolean()), { minLength: 2, maxLength })
    .filter((rows) => rows.some(([, same]) => same) && rows.some(([, same]) => !same))
    .map((rows) => ({ scores: rows.map(([value]) => value), same: rows.map(([, same]) => same) }));
}
