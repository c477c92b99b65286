import { expect, it } from 'vitest';
import { verify } from '../verification/verify.ts';
import { compareVerification } from './compare-verification.ts';
import { evaluate } from './evaluate.ts';
import { verificationIntervals } from './verification-intervals.ts';

it('gives in one call what its parts give each by itself', () => {
  const same = Array.from({ length: 40 }, (_, pair) => pair % 2 === 0);
  const scoresOf = (shift: number): number[] =>
    same.map((is, pair) => Math.sin(7 * pair + shift) + Number(is));
  const models = [scoresOf(0), scoresOf(1), scoresOf(2)];
  const identities = same.map((is, pair): readonly [number, number] => [
    pair % 9,
    is ? pair % 9 : (pair + 1) % 9,
  ]);
  const folds = same.map((_, pair) => pair % 4);
  const input = { models, same, folds, identities, fars: [0.5, 0.1], resamples: 30, level: 0.9 };
  const found = evaluate(input);
  expect(found.models.map(({ report }) => report)).toEqual(
    models.map((scores) => verify({ scores, same, folds, fars: [0.5, 0.1] })),
  );
  expect(found.models.map(({ intervals }) => intervals)).toEqual(verificationIntervals(input));
  expect(found.comparisons).toEqual(compareVerification(input));
  expect(found.comparisons).toHaveLength(3);
});
