import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryPairs } from '../testing/arbitraries.ts';
import { checkPairs } from '../verification/labelled-pairs.ts';
import { sortPairs } from '../verification/ranked-scores.ts';
import { verify } from '../verification/verify.ts';
import { compareVerification } from './compare-verification.ts';
import { differenceOf } from './difference.ts';
import { mcnemarTest } from './mcnemar-test.ts';
import { pairUnits } from './pair-units.ts';
import { pairsOfUnits, resampledPairs, resampledRoom } from './resampled-pairs.ts';
import { verificationFigures } from './verification-figures.ts';
import { verificationIntervals } from './verification-intervals.ts';

const fars = [0.5, 0.2];

/** Pairs in two folds, each of two of six identities, and how often each of those was drawn. */
const drawnPairs = fc.record({
  pairs: arbitraryPairs(24),
  who: fc.infiniteStream(fc.nat({ max: 4 })),
  folds: fc.infiniteStream(fc.integer({ min: 1, max: 2 })),
  drawn: fc.array(fc.nat({ max: 3 }), { minLength: 6, maxLength: 6 }),
});

describe('a resample', () => {
  it('gives what verify gives of pairs that are written down as often', () => {
    let compared = 0;
    fc.assert(
      fc.property(drawnPairs, ({ pairs, who, folds: stream, drawn }) => {
        const identities = pairs.same.map((same) => {
          const first = who.next().value!;
          return [first, same ? first : (first + 1 + (who.next().value! % 4)) % 6] as const;
        });
        const folds = pairs.scores.map(() => stream.next().value!);
        const checked = checkPairs(pairs);
        const units = pairUnits(checked.same, { identities });
        // Units are numbered as they come up.
        const names = [...new Set(identities.flat())];
        const times = Uint32Array.from(names, (name) => drawn[name]!);
        const sorted = pairsOfUnits(sortPairs(checked, Float64Array.from(folds)), units);
        const resampled = resampledPairs(sorted, times, resampledRoom(folds.length));
        const scored = new Uint8Array(sorted.foldNumbers.length).fill(1);
        const found = verificationFigures(resampled, { scored, fars });
        const copies = identities.flatMap(([a, b], pair) =>
          new Array<number>(a === b ? drawn[a]! : drawn[a]! * drawn[b]!).fill(pair),
        );
        const pick = <T>(values: readonly T[]): T[] => copies.map((pair) => values[pair]!);
        const written = { scores: pick(pairs.scores), same: pick(pairs.same) };
        if (new Set(written.same).size < 2) {
          expect(found).toBeUndefined();
          return;
        }
        const { auc, eer, tarAtFar } = verify({ ...written, fars });
        expect(found!.auc).toBe(auc);
        expect(found!.eer).toBeCloseTo(eer, 14);
        for (const [at, { tar }] of tarAtFar.entries()) expect(found!.tar[at]).toBe(tar ?? found!.tar[at]);
        if (found!.accuracy === null || new Set(pick(folds)).size < sorted.foldNumbers.length) return;
        compared++;
        expect(found!.accuracy).toBeCloseTo(verify({ ...written, folds: pick(folds) }).accuracy, 14);
      }),
    );
    expect(compared).toBeGreaterThan(5);
  });
});

describe('verificationIntervals', () => {
  /** Genuine pairs of people, a share of whom score above all impostors, in every pair of theirs. */
  const people = (count: number, each: number, share: number) => {
    const identities = Array.from({ length: count * each }, (_, pair) => Math.floor(pair / each));
    const genuine = identities.map((who) => (who < share * count ? 1 : 0));
    const strangers = Array.from({ length: 40 }, (_, n) => [`a${n}`, `b${n}`] as const);
    return {
      scores: [...genuine, ...strangers.map(() => 0.5)],
      same: [...genuine.map(() => true), ...strangers.map(() => false)],
      identities: [...identities.map((who) => [who, who] as const), ...strangers],
    };
  };

  it('is as wide as a share of that many people has it, however many pairs each has', () => {
    for (const each of [1, 7]) {
      const { scores, ...rest } = people(200, each, 0.8);
      const [found] = verificationIntervals({ models: [scores], ...rest, fars: [0.1], resamples: 600 });
      const { low, high } = found!.tarAtFar[0]!.interval!;
      // A binomial share of 200 people: 1.96 standard errors on both sides.
      const width = 2 * 1.96 * Math.sqrt((0.8 * 0.2) / 200);
      expect((low + high) / 2).toBeCloseTo(0.8, 1);
      expect((high - low) / width).toBeGreaterThan(0.9);
      expect((high - low) / width).toBeLessThan(1.1);
      expect(found).toMatchObject({ unit: 'identities', units: 280, resamples: 600, level: 0.95 });
    }
  });

  it('repeats with its seed, changes with another, and does not see names or the order of pairs in them', () => {
    const { scores, same, identities } = people(12, 2, 0.5);
    const input = { models: [scores], same, identities, resamples: 50 };
    const first = verificationIntervals(input);
    expect(verificationIntervals(input)).toEqual(first);
    expect(verificationIntervals({ ...input, seed: 2 })).not.toEqual(first);
    const renamed = identities.map(([a, b]) => [`${b}!`, `${a}!`] as const);
    expect(verificationIntervals({ ...input, identities: renamed })).toEqual(first);
    const swapped = verificationIntervals({ ...input, models: [scores.map((s) => 2 * s - 1)] });
    expect(swapped[0]!.auc).toEqual(first[0]!.auc);
  });

  it('without identities draws what hangs together by pictures, or single pairs', () => {
    const pairs = { models: [[3, 2, 1, 0]], same: [1, 1, 0, 0], resamples: 20 };
    const units = (more: object) => {
      const [found] = verificationIntervals({ ...pairs, ...more });
      return [found!.unit, found!.units];
    };
    expect(units({})).toEqual(['pairs', 4]);
    const apart = [0, 1, 2, 3].map((n) => [2 * n, 2 * n + 1] as const);
    expect(units({ pictures: apart })).toEqual(['pairs', 4]);
    expect(units({ pictures: [...apart.slice(0, 3), [0, 9]] })).toEqual(['components', 3]);
    const whole = { ...pairs, pictures: apart.map(([a]) => [a, 'all'] as const) };
    const [one] = verificationIntervals(whole);
    expect(one).toMatchObject({ unit: 'components', units: 1, auc: null, accuracy: null });
  });

  it('scores the named folds alone, at thresholds of the others', () => {
    const four = <T>(values: readonly T[]): T[] => [0, 1, 2, 3].flatMap(() => values);
    const models = [four([0.9, 0.1, 0.4, 0.6, 0.8, 0.2])];
    const input = { models, same: four([1, 0, 1, 0, 1, 0]), folds: four([1, 1, 2, 2, 3, 3]), resamples: 30 };
    const [found] = verificationIntervals({ ...input, scoredFolds: [2] });
    // Fold 2 has its pairs the wrong way round.
    expect([found!.auc, found!.accuracy]).toEqual([
      { low: 0, high: 0 },
      { low: 0, high: 0 },
    ]);
  });

  it.each<[string, object, RegExp]>([
    [
      'identities that say other than the labels',
      {
        identities: [
          [1, 2],
          [3, 4],
        ],
      },
      /a genuine pair of 1 and 2/,
    ],
    ['an entry too few', { identities: [[1, 1]] }, /1 entries in identities, expected 2/],
    ['no resample', { resamples: 0 }, /E_OPTION_RANGE|resamples = 0/],
    ['a level of 1', { level: 1 }, /level = 1/],
    ['a FAR of 2', { fars: [2] }, /fars\[0\] = 2/],
    ['a fold that no pair has', { scoredFolds: [7] }, /scoredFolds = 7/],
    ['a fold of one kind', { folds: [1, 2], scoredFolds: [1] }, /1 genuine and 0 impostor pairs/],
    ['no model', { models: [] }, /no scores/],
  ])('refuses %s', (_, more, message) => {
    expect(() => verificationIntervals({ models: [[1, 0]], same: [1, 0], ...more })).toThrow(message);
  });
});

describe('compareVerification', () => {
  const same = Array.from({ length: 120 }, (_, n) => n % 2);
  const good = same.map((is, n) => is + 0.3 * Math.sin(7 * n));
  const bad = same.map((is, n) => 0.3 * is + Math.sin(5 * n));
  const folds = same.map((_, n) => n % 3);

  it('of a model with itself shows nothing; of a better one, which way and how sure', () => {
    const [twins, better, again] = compareVerification({
      models: [good, good, bad],
      same,
      folds,
      resamples: 200,
    });
    expect(twins).toMatchObject({
      first: 0,
      second: 1,
      auc: { difference: 0, interval: { low: 0, high: 0 }, pValue: 1 },
      mcnemar: { onlyFirst: 0, onlySecond: 0, pValue: 1 },
    });
    expect(again).toEqual({ ...better, first: 1 });
    expect(better!.auc.interval!.high).toBeLessThan(0);
    expect(better!.auc.pValue).toBeLessThan(0.02);
    expect(better!.mcnemar.pValue).toBeLessThan(0.001);
    expect(better!.tarAtFar.map(({ difference }) => difference !== null)).toEqual([
      true,
      ...Array(5).fill(false),
    ]);
    const reports = [good, bad].map((scores) => verify({ scores, same, folds }));
    expect(better!.accuracy!.difference).toBeCloseTo(reports[1]!.accuracy - reports[0]!.accuracy, 14);
    const wrong = (report: (typeof reports)[0]) => Math.round(120 * (1 - report.accuracy));
    const { onlyFirst, onlySecond } = better!.mcnemar;
    expect(onlyFirst - onlySecond).toBe(wrong(reports[1]!) - wrong(reports[0]!));
  });

  it('turned round has the differences turned round', () => {
    const [there] = compareVerification({ models: [good, bad], same, folds, resamples: 60 });
    const bigFolds = Array.from(folds, BigInt) as never;
    expect(compareVerification({ models: [good, bad], same, folds: bigFolds, resamples: 60 })).toEqual([
      there,
    ]);
    const [back] = compareVerification({ models: [bad, good], same, folds, resamples: 60 });
    expect(back!.eer.difference).toBe(-there!.eer.difference);
    expect(back!.eer.interval!.low).toBeCloseTo(-there!.eer.interval!.high, 12);
    expect(back!.eer.pValue).toBe(there!.eer.pValue);
  });
});

it('the p-value of a difference counts both sides, and draws at 0 for each', () => {
  const of = (...draws: readonly (number | null)[]): number | null => differenceOf(3, draws).pValue;
  // One of nine, and one more of each: twice 2 of 10.
  expect(of(-1, 1, 2, 3, 4, 5, 6, 7, 8)).toBe(0.4);
  expect(of(1, -1, -2, -3, -4, -5, -6, -7, -8)).toBe(0.4);
  expect(of(0, 1, 2, 3, null)).toBe(0.8);
  expect(of(0, 0, 0)).toBe(1);
  expect(of(1, null, null)).toBeNull();
});

describe("McNemar's test", () => {
  it('is the exact sum, for any counts', () => {
    fc.assert(
      fc.property(fc.nat({ max: 400 }), fc.nat({ max: 400 }), (b, c) => {
        const n = b + c;
        let [term, sum] = [1n, 0n];
        for (let i = 0; i <= Math.min(b, c); i++) {
          sum += term;
          term = (term * BigInt(n - i)) / BigInt(i + 1);
        }
        const exact = Math.min(1, Number((2n * sum * 10n ** 40n) / 2n ** BigInt(n)) / 1e40);
        const { pValue } = mcnemarTest(b, c);
        expect(Math.abs(pValue - exact)).toBeLessThanOrEqual(1e-11 * exact + 1e-38);
      }),
      { numRuns: 60 },
    );
    expect(mcnemarTest(10 ** 9, 10 ** 9).pValue).toBe(1);
    expect(mcnemarTest(0, 10 ** 9).pValue).toBe(0);
    expect(() => mcnemarTest(-1, 2)).toThrow(/onlyFirst = -1/);
  });
});
