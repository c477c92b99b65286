import { CfError } from '@cf/core';
import { describe, expect, it } from 'vitest';
import { verify } from './verify.ts';

/** Eight pairs small enough to work out on paper. */
const example = {
  scores: [0.9, 0.8, 0.6, 0.4, 0.7, 0.4, 0.2, 0.1],
  same: [true, true, true, true, false, false, false, false],
};

describe('verify, by hand', () => {
  it('counts, AUC, EER and best threshold', () => {
    const report = verify({ ...example, fars: [0.25, 0.5, 1] });
    expect(report.genuinePairs).toBe(4);
    expect(report.impostorPairs).toBe(4);
    // Of 16 duels the impostor at 0.7 wins two (0.6, 0.4) and the one at 0.4 ties one.
    expect(report.auc).toBe(13.5 / 16);
    // FAR 1/4 at TAR 3/4: the rates meet in a point of the ROC.
    expect(report.eer).toBe(0.25);
    // 6 of 8 at 0.75, at 0.5 and at 0.3; the cuts above 0.4 and below it are equally wide but for rounding.
    expect(report.bestAccuracy).toBe(6 / 8);
    expect(report.tarAtFar.map((entry) => entry.tar)).toEqual([0.75, 1, 1]);
  });

  it('the ROC, collapsed where a genuine and an impostor pair tie', () => {
    const { roc } = verify(example);
    expect(roc.map(({ far, tar }) => [far, tar])).toEqual([
      [0, 0],
      [0, 0.25],
      [0, 0.5],
      [0.25, 0.5],
      [0.25, 0.75],
      [0.5, 1],
      [0.75, 1],
      [1, 1],
    ]);
    expect(roc[0]!.threshold).toBe(0.9 + 2 ** -53);
    expect(roc[2]!.threshold).toBeCloseTo(0.75, 15);
    expect(roc.at(-1)!.threshold).toBe(0.1);
  });

  it('interpolates the EER between two ROC points', () => {
    // (0, 0) → (0, 1/2) → (1, 1): the second piece meets FAR = 1 − TAR at FAR = 1/3.
    const report = verify({ scores: [1, 0, 0], same: [1, 1, 0] });
    expect(report.eer).toBeCloseTo(1 / 3, 15);
    expect(report.auc).toBe(0.75);
  });

  it('takes the threshold of each fold from the other folds', () => {
    const report = verify({
      scores: [0.9, 0.1, 0.8, 0.4, 0.6, 0.5],
      same: [1, 0, 1, 0, 1, 0],
      folds: [1, 1, 2, 2, 3, 3],
    });
    // Without fold 1: between 0.5 and 0.6. Without fold 2: the same. Without fold 3: between 0.4 and 0.8.
    expect(report.folds.map(({ fold, pairs }) => [fold, pairs])).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
    ]);
    expect(report.folds[0]!.threshold).toBeCloseTo(0.55, 15);
    expect(report.folds[2]!.threshold).toBeCloseTo(0.6, 15);
    expect(report.thresholdFrom).toBe('other folds');
  });

  it('accuracy, std and standard error over folds', () => {
    // Fold 1 is decided by fold 2's cut at 0.5 and the other way round, at 0.25.
    const report = verify({
      scores: [0.5, 0, 0.375, 0, 1, 0, 1, 0],
      same: [1, 0, 1, 0, 1, 0, 1, 0],
      folds: [1, 1, 1, 1, 2, 2, 2, 2],
    });
    expect(report.folds.map((fold) => fold.threshold)).toEqual([0.5, 0.1875]);
    expect(report.folds.map((fold) => fold.accuracy)).toEqual([0.75, 1]);
    expect(report.accuracy).toBe(0.875);
    expect(report.std).toBe(0.125);
    expect(report.standardError).toBe(0.125);
  });

  it('does not let a fold choose its own threshold', () => {
    // Fold 2 alone wants 0.05, the rest wants 0.5.
    const report = verify({
      scores: [0.9, 0.1, 0.8, 0.2, 0.1, 0],
      same: [1, 0, 1, 0, 1, 0],
      folds: [0, 0, 1, 1, 2, 2],
    });
    expect(report.folds[2]!.accuracy).toBe(0.5);
  });

  it('fits one fold to itself, and says so', () => {
    const report = verify(example);
    expect(report.thresholdFrom).toBe('same pairs');
    expect(report.folds).toEqual([{ fold: 0, pairs: 8, threshold: report.bestThreshold, accuracy: 0.75 }]);
    expect(report.std).toBe(0);
    expect(report.standardError).toBeNull();
    expect(verify({ ...example, folds: new Array(8).fill(10) }).folds[0]!.fold).toBe(10);
  });

  it('uses a given threshold everywhere, at or above', () => {
    const report = verify({ ...example, folds: [1, 2, 1, 2, 1, 2, 1, 2], threshold: 0.4 });
    expect(report.thresholdFrom).toBe('given');
    expect(report.folds.map((fold) => fold.threshold)).toEqual([0.4, 0.4]);
    expect(report.folds.map((fold) => fold.accuracy)).toEqual([0.75, 0.75]);
    expect(verify({ ...example, threshold: 0.95 }).accuracy).toBe(0.5);
  });
});

describe('verify, at the extremes', () => {
  it('one pair of each kind, in each of the three orders', () => {
    const right = verify({ scores: [1, 0], same: [1, 0] });
    expect([right.auc, right.eer, right.accuracy]).toEqual([1, 0, 1]);
    const wrong = verify({ scores: [0, 1], same: [1, 0] });
    expect([wrong.auc, wrong.eer, wrong.bestAccuracy]).toEqual([0, 1, 0.5]);
    const tied = verify({ scores: [1, 1], same: [1, 0] });
    expect([tied.auc, tied.eer, tied.bestAccuracy]).toEqual([0.5, 0.5, 0.5]);
  });

  it.each([2, 7, 41])('all %i scores equal', (n) => {
    const same = Array.from({ length: n }, (_, i) => i % 2);
    const report = verify({ scores: new Array(n).fill(0.3), same });
    expect(report.auc).toBe(0.5);
    expect(report.eer).toBe(0.5);
    expect(report.roc).toHaveLength(2);
    expect(report.tarAtFar[0]!.tar ?? 0).toBe(0);
  });

  it('neighbouring floats are told apart', () => {
    const next = 1 + Number.EPSILON;
    const report = verify({ scores: [next, 1], same: [1, 0] });
    expect(report.bestAccuracy).toBe(1);
    expect(report.bestThreshold).toBe(next);
  });

  it('takes scores near the end of float64', () => {
    const report = verify({ scores: [1e308, -1e308], same: [1, 0] });
    expect(report.bestThreshold).toBe(0);
    expect(report.accuracy).toBe(1);
  });

  it('takes typed arrays', () => {
    const report = verify({
      scores: new Float32Array([0.75, 0.25]),
      same: new Uint8Array([1, 0]),
      folds: new Int32Array([3, 3]),
    });
    expect(report.accuracy).toBe(1);
  });

  it('takes bigint, and shows a text as one', () => {
    const folds = [1, 1, 2, 2, 1, 1, 2, 2];
    const expected = verify({ ...example, folds });
    const same = BigInt64Array.from(example.same, (is) => (is ? 1n : 0n));
    const numbers = BigInt64Array.from(folds, BigInt);
    expect(verify({ ...example, same, folds: numbers })).toEqual(expected);
    expect(verify({ ...example, folds: Float32Array.from(folds) })).toEqual(expected);
    const given = (texts: readonly string[]): object => ({ ...example, same: texts as never });
    expect(() => verify(given(example.same.map((is) => (is ? '1' : '0'))) as never)).toThrow(
      /^same\[0\] = '1', expected true, false, 1 or 0/,
    );
  });

  it('survives JSON without a loss', () => {
    const report = verify({ ...example, folds: [1, 2, 1, 2, 1, 2, 1, 2] });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('scores a held-out fold of one kind', () => {
    const report = verify({
      scores: [0.9, 0.1, 0.8, 0.2, 0.7],
      same: [1, 0, 1, 0, 1],
      folds: [1, 1, 2, 2, 3],
    });
    expect(report.folds[2]).toMatchObject({ fold: 3, pairs: 1, accuracy: 1 });
  });
});

describe('verify, errors', () => {
  const thrownBy = (input: Parameters<typeof verify>[0]): CfError => {
    try {
      verify(input);
    } catch (error) {
      if (error instanceof CfError) return error;
    }
    throw new Error('no CfError');
  };

  it.each([
    ['a score that is NaN', { scores: [1, Number.NaN], same: [1, 0] }, 'E_NON_FINITE', 'scores[1] = NaN'],
    ['an infinite score', { scores: [-1 / 0, 1], same: [1, 0] }, 'E_NON_FINITE', 'scores[0] = -Infinity'],
    [
      'no genuine pair',
      { scores: [1, 2], same: [0, 0] },
      'E_PAIRS',
      '0 genuine and 2 impostor pairs in the pairs',
    ],
    ['no impostor pair', { scores: [1], same: [true] }, 'E_PAIRS', '1 genuine and 0 impostor pairs'],
    ['nothing', { scores: [], same: [] }, 'E_PAIRS', '0 genuine and 0 impostor pairs'],
    ['too few labels', { scores: [1, 2, 3], same: [1, 0] }, 'E_PAIRS', '2 values in same'],
    ['too few folds', { scores: [1, 2], same: [1, 0], folds: [1] }, 'E_PAIRS', '1 values in folds'],
    ['a label of 2', { scores: [1, 2], same: [1, 2] }, 'E_PAIRS', 'same[1] = 2'],
    ['a fold of 1.5', { scores: [1, 2], same: [1, 0], folds: [1, 1.5] }, 'E_PAIRS', 'folds[1] = 1.5'],
    [
      'other folds without an impostor pair',
      { scores: [1, 0, 1], same: [1, 0, 1], folds: [7, 7, 8] },
      'E_PAIRS',
      '1 genuine and 0 impostor pairs in the folds other than fold 7',
    ],
    ['FAR 0', { scores: [1, 0], same: [1, 0], fars: [0.1, 0] }, 'E_OPTION_RANGE', 'fars[1] = 0'],
    ['FAR NaN', { scores: [1, 0], same: [1, 0], fars: [Number.NaN] }, 'E_OPTION_RANGE', 'fars[0] = NaN'],
    ['FAR 2', { scores: [1, 0], same: [1, 0], fars: [2] }, 'E_OPTION_RANGE', 'fars[0] = 2'],
    [
      'threshold NaN',
      { scores: [1, 0], same: [1, 0], threshold: Number.NaN },
      'E_OPTION_RANGE',
      'threshold = NaN',
    ],
  ])('%s', (_, input, code, given) => {
    const error = thrownBy(input);
    expect(error.code).toBe(code);
    expect(error.given).toContain(given);
  });
});
