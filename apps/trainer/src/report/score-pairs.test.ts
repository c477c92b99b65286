import { describe, expect, it } from 'vitest';
import { failureOf } from '../testing.ts';
import { accuracyNote, accuracyText, thresholdText } from './result-text.ts';
import { scorePairs } from './score-pairs.ts';

/** Unit vectors whose cosine with (1, 0) is given; picture 0 is (1, 0). */
function withCosines(cosines: readonly number[]): Float32Array {
  return Float32Array.from([1, 0, ...cosines.flatMap((c) => [c, Math.sqrt(1 - c * c)])]);
}

const cosines = [0.9, 0.8, 0.1, 0.2, 0.6, 0.7, 0.55, 0.3];
const pairs = {
  pairs: cosines.map((_, i) => [0, i + 1] as const),
  same: [true, true, false, false, true, false, true, false],
  folds: [1, 1, 1, 1, 2, 2, 2, 2],
  scored: [1, 2],
  missing: 0,
};

describe('scorePairs', () => {
  it('takes the threshold of a fold from the other folds, and counts the scored folds alone', () => {
    const second = scorePairs(withCosines(cosines), 2, { ...pairs, scored: [2] });
    // Fold 1 is parted half-way between 0.2 and 0.8; in fold 2 only 0.7 is then wrong.
    expect(second.thresholdFrom).toBe('other folds');
    expect(second.threshold).toBeCloseTo(0.5, 6);
    expect(second.accuracy).toBe(0.75);
    expect(second.std).toBe(0);
    expect(second.genuine.map((s) => s.toFixed(3))).toEqual(['0.600', '0.550']);
    expect(second.impostor.map((s) => s.toFixed(3))).toEqual(['0.700', '0.300']);
    expect(second.report).toMatchObject({ genuinePairs: 2, impostorPairs: 2, auc: 0.5 });
  });

  it('means over the scored folds', () => {
    const both = scorePairs(withCosines(cosines), 2, pairs);
    const each = [1, 2].map(
      (fold) => scorePairs(withCosines(cosines), 2, { ...pairs, scored: [fold] }).accuracy,
    );
    expect(both.accuracy).toBeCloseTo((each[0]! + each[1]!) / 2, 14);
    expect(both.std).toBeCloseTo(Math.abs(each[0]! - each[1]!) / 2, 14);
    expect(both.report.genuinePairs).toBe(4);
  });

  it('says that one fold alone chooses its own threshold', () => {
    const one = scorePairs(withCosines(cosines), 2, {
      ...pairs,
      folds: pairs.folds.map(() => 1),
      scored: [1],
    });
    expect(one.thresholdFrom).toBe('same pairs');
    expect(accuracyText(one)).toMatch(/ \(8 pairs\)$/);
  });

  it('fails by name where a kind of pairs is missing', async () => {
    const error = await failureOf(() =>
      scorePairs(withCosines(cosines), 2, { ...pairs, same: pairs.same.map(() => true) }),
    );
    expect(error.code).toBe('E_PAIRS');
  });

  it('fails by name where no pair is left', async () => {
    const none = { pairs: [], same: [], folds: [], scored: [1], missing: 4 };
    expect((await failureOf(() => scorePairs(withCosines([]), 2, none))).code).toBe('E_PAIRS');
  });
});

describe('what is told of a result', () => {
  const result = (changes: object) =>
    ({
      accuracy: 0.75,
      std: 0.1,
      folds: 10,
      thresholdFrom: 'other folds',
      report: { genuinePairs: 3, impostorPairs: 5 },
      ...changes,
    }) as never;

  it.each([
    [{}, '0.7500 ± 0.1000', 'standard deviation over 10 folds; threshold from other folds'],
    [{ std: 0 }, '0.7500 (the same on all 10 folds)', 'threshold from other folds'],
    [{ std: 0, folds: 1 }, '0.7500 (8 pairs)', 'one fold; threshold from other folds'],
  ])('%j is %s', (changes, text, note) => {
    expect(accuracyText(result(changes))).toBe(text);
    expect(accuracyNote(result(changes))).toBe(note);
  });

  it('a threshold that no score reaches is said so', () => {
    expect(thresholdText(0.25)).toBe('0.2500');
    expect(thresholdText(Number.POSITIVE_INFINITY)).toBe('above every score');
    expect(thresholdText(Number.NEGATIVE_INFINITY)).toBe('below every score');
  });
});
