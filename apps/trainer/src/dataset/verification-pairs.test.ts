import { describe, expect, it } from 'vitest';
import { imagesOfPairs, readablePairs, type VerificationPairs } from './verification-pairs.ts';

const pairs: VerificationPairs = {
  pairs: [
    [0, 1],
    [1, 2],
    [2, 4],
    [4, 0],
  ],
  same: [true, false, true, false],
  folds: [1, 1, 2, 2],
  scored: [2],
  missing: 3,
};

describe('readablePairs', () => {
  it('renumbers pictures to rows and drops pairs that lack one', () => {
    expect(readablePairs(pairs, Int32Array.of(0, 2, 4))).toEqual({
      pairs: [
        [1, 2],
        [2, 0],
      ],
      same: [true, false],
      folds: [2, 2],
      scored: [2],
      missing: 3,
      dropped: 2,
    });
  });

  it('keeps all pairs where every picture was read', () => {
    expect(readablePairs(pairs, Int32Array.of(0, 1, 2, 3, 4))).toEqual({ ...pairs, dropped: 0 });
  });
});

it('imagesOfPairs lists each picture once', () => {
  expect([...imagesOfPairs(pairs)]).toEqual([0, 1, 2, 4]);
});
