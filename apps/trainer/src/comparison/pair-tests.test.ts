import { createRandom } from '@cf/core';
import { expect, test } from 'vitest';
import type { PairScores } from '../run/pair-scores.ts';
import { configWith } from '../testing.ts';
import { cellsOf } from './comparison.ts';
import { pairTests } from './pair-tests.ts';

const PEOPLE = 12;
const random = createRandom('pair tests');
/** Every two pictures of two of each person, and as many of strangers. */
const pairs = Array.from({ length: 4 * PEOPLE }, (_, i) => {
  const [a, same] = [i % PEOPLE, i < 2 * PEOPLE];
  const b = same ? a : (a + 1 + (i % 3)) % PEOPLE;
  return [`p${a}/${i}.jpg`, `p${b}/${i}b.jpg`] as const;
});
const same = pairs.map((_, i) => i < 2 * PEOPLE);
const folds = pairs.map((_, i) => (i % 4) + 1);
/** Scores that tell pairs apart by so much. */
const scoresOf = (apart: number): number[] => same.map((is) => (is ? apart : 0) + random.normal(0, 1));

const config = configWith();
const comparison = {
  seeds: [0, 1],
  baseline: 'base',
  variants: ['base', 'same', 'better', 'gone'].map((name) => ({ name, config })),
};
const [base, better] = [
  [scoresOf(1), scoresOf(1)],
  [scoresOf(4), scoresOf(4)],
];

function tested(
  own: (seed: number) => Partial<PairScores>,
  signal = new AbortController().signal,
): ReturnType<typeof pairTests> {
  const known = cellsOf(comparison, '.').map((cell) => ({
    cell,
    end: undefined,
    result: cell.variant === 'gone' ? undefined : ({} as never),
  }));
  const of: Record<string, readonly number[][]> = { base, same: base, better };
  return pairTests(
    comparison,
    known,
    async ({ variant, seed }) => ({
      pairs,
      same,
      folds,
      scored: [3, 4],
      scores: { trained: pairs.map(() => 0), 'trained, flipped': of[variant]![seed]! },
      ...own(seed),
    }),
    { signal },
  );
}

test('the same scores differ in nothing, better ones in something, and those of no run are not told', async () => {
  const tests = (await tested(() => ({})))!;
  expect(tests.unit).toBe('identities');
  const { differences } = tests;
  expect(differences.same!.auc).toEqual({ difference: 0, interval: [0, 0], p: 1 });
  const { accuracy, auc, eer } = differences.better!;
  for (const one of [accuracy, auc]) {
    expect(one!.difference).toBeGreaterThan(0.1);
    expect(one!.interval![0]).toBeLessThanOrEqual(one!.difference);
    expect(one!.interval![1]).toBeGreaterThanOrEqual(one!.difference);
  }
  expect(auc!.interval![0]).toBeGreaterThan(0);
  expect(auc!.p).toBeLessThan(0.02);
  expect(eer!.difference).toBeLessThan(0);
  expect(differences.gone).toEqual({ accuracy: null, auc: null, eer: null });
});

test('seeds may have pairs of their own, and pictures whose folders do not tell who is on them', async () => {
  const moved = pairs.map(([a, b]) => [`x${a}`, `x${b}`] as const);
  const tests = (await tested((seed) => (seed === 0 ? {} : { pairs: moved })))!;
  const together = (await tested(() => ({})))!;
  expect(tests.differences.better!.auc!.difference).toBe(together.differences.better!.auc!.difference);
  expect(tests.differences.better!.auc!.interval).not.toEqual(together.differences.better!.auc!.interval);
  const flat = pairs.map(([a, b]) => [a.replace('/', '-'), b.replace('/', '-')] as const);
  expect((await tested(() => ({ pairs: flat })))!.unit).toBe('pairs');
  // All with one picture: a single unit, whose draws are all the same.
  const starred = pairs.map((_, i) => ['star.jpg', `${i}.jpg`] as const);
  expect((await tested(() => ({ pairs: starred })))!.differences.better!.auc).toEqual({
    difference: together.differences.better!.auc!.difference,
    interval: null,
    p: null,
  });
});

test('an interruption ends it', async () => {
  const controller = new AbortController();
  controller.abort(new Error('stop'));
  await expect(tested(() => ({}), controller.signal)).rejects.toThrow('stop');
});
