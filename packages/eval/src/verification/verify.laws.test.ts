import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryPairs } from '../testing/arbitraries.ts';
import {
  accuracyAt,
  bruteForceAuc,
  bruteForceBestAccuracy,
  bruteForceEer,
  bruteForceTarAtFar,
  ratesAt,
} from '../testing/brute-force.ts';
import { bestThreshold } from './best-threshold.ts';
import { type VerificationReport, verify } from './verify.ts';

const fars = [0.5, 0.25, 0.1, 0.05, 0.03];

/** Pairs, and a fold for each such that leaving any fold out leaves both kinds. */
const pairsInFolds = fc
  .tuple(arbitraryPairs(30), arbitraryPairs(30), fc.infiniteStream(fc.integer({ min: 1, max: 4 })))
  .map(([first, second, stream]) => {
    const scores = [...first.scores, ...second.scores];
    const folds = scores.map((_, i) => (i < first.scores.length ? 1 : 1 + stream.next().value!));
    return { scores, same: [...first.same, ...second.same], folds };
  })
  .filter(({ same, folds }) =>
    [...new Set(folds)].every((fold) =>
      [true, false].every((kind) => same.some((value, i) => value === kind && folds[i] !== fold)),
    ),
  );

/** What depends on the order of the scores alone. */
function rankNumbers(report: VerificationReport): unknown {
  return {
    auc: report.auc,
    eer: report.eer,
    tar: report.tarAtFar.map((entry) => entry.tar),
    best: report.bestAccuracy,
    roc: report.roc.map(({ far, tar }) => [far, tar]),
  };
}

describe('verify against brute force', () => {
  it('AUC, EER, best accuracy', () => {
    fc.assert(
      fc.property(arbitraryPairs(), (pairs) => {
        const report = verify({ ...pairs, fars });
        expect(report.auc).toBeCloseTo(bruteForceAuc(pairs), 14);
        expect(report.eer).toBeCloseTo(bruteForceEer(pairs), 12);
        expect(report.bestAccuracy).toBe(bruteForceBestAccuracy(pairs));
        expect(accuracyAt(pairs, report.bestThreshold)).toBe(report.bestAccuracy);
        expect(report.accuracy).toBe(report.bestAccuracy);
      }),
    );
  });

  it('TAR at FAR, and its threshold gives it', () => {
    fc.assert(
      fc.property(arbitraryPairs(), (pairs) => {
        for (const entry of verify({ ...pairs, fars }).tarAtFar) {
          if (entry.status === 'too few impostor pairs') {
            expect(1 / entry.impostorPairs).toBeGreaterThan(entry.far);
            expect(entry.impostorPairs).toBeLessThan(entry.required);
            continue;
          }
          expect(1 / entry.required).toBeLessThanOrEqual(entry.far);
          expect(entry.tar).toBe(bruteForceTarAtFar(pairs, entry.far));
          const rates = ratesAt(pairs, entry.threshold!);
          expect(rates.tar).toBe(entry.tar);
          expect(rates.far).toBeLessThanOrEqual(entry.far);
        }
      }),
    );
  });

  it('every ROC point is what its threshold gives, and the area under them is the AUC', () => {
    fc.assert(
      fc.property(arbitraryPairs(), (pairs) => {
        const { roc, auc } = verify(pairs);
        for (const { far, tar, threshold } of roc) expect(ratesAt(pairs, threshold)).toEqual({ far, tar });
        expect(roc).toHaveLength(new Set(pairs.scores).size + 1);
        let area = 0;
        for (let k = 1; k < roc.length; k++) {
          area += (roc[k]!.far - roc[k - 1]!.far) * (roc[k]!.tar + roc[k - 1]!.tar) * 0.5;
        }
        expect(area).toBeCloseTo(auc, 12);
      }),
    );
  });

  it('k folds, each by a threshold fitted without it', () => {
    fc.assert(
      fc.property(pairsInFolds, (pairs) => {
        const report = verify(pairs);
        const accuracies = report.folds.map(({ fold, accuracy, threshold, pairs: members }) => {
          const part = (inside: boolean): { scores: number[]; same: boolean[] } => ({
            scores: pairs.scores.filter((_, i) => (pairs.folds[i] === fold) === inside),
            same: pairs.same.filter((_, i) => (pairs.folds[i] === fold) === inside),
          });
          const others = part(false);
          expect(accuracyAt(others, threshold)).toBe(bruteForceBestAccuracy(others));
          expect(threshold).toBe(bestThreshold(others).threshold);
          expect(accuracyAt(part(true), threshold)).toBe(accuracy);
          expect(part(true).scores).toHaveLength(members);
          return accuracy;
        });
        const k = accuracies.length;
        const mean = accuracies.reduce((a, b) => a + b) / k;
        const meanOfSquares = accuracies.reduce((a, b) => a + b * b, 0) / k;
        expect(report.accuracy).toBeCloseTo(mean, 14);
        expect(report.std ** 2).toBeCloseTo(meanOfSquares - mean * mean, 12);
        expect(report.standardError).toBeCloseTo(report.std / Math.sqrt(k - 1), 14);
      }),
    );
  });
});

describe('verify, laws', () => {
  it('the order of the pairs does not matter', () => {
    fc.assert(
      fc.property(pairsInFolds, fc.infiniteStream(fc.nat()), (pairs, keys) => {
        const order = pairs.scores
          .map((_, i) => ({ i, key: keys.next().value! }))
          .sort((a, b) => a.key - b.key);
        const shuffled = {
          scores: order.map(({ i }) => pairs.scores[i]!),
          same: order.map(({ i }) => pairs.same[i]!),
          folds: order.map(({ i }) => pairs.folds[i]!),
        };
        expect(verify(shuffled)).toEqual(verify(pairs));
      }),
    );
  });

  it('a strictly rising map of the scores changes no rate', () => {
    fc.assert(
      fc.property(arbitraryPairs(), (pairs) => {
        const before = verify({ ...pairs, fars });
        for (const map of [
          Math.exp,
          Math.atan,
          (score: number) => score ** 3 + score,
          (score: number) => 7 * score - 2,
        ]) {
          const after = verify({ ...pairs, scores: pairs.scores.map(map), fars });
          expect(rankNumbers(after)).toEqual(rankNumbers(before));
        }
      }),
    );
  });

  // Not for every rising map: a midpoint moves relative to held-out scores that lie in its gap.
  it('a rising straight map changes no fold', () => {
    fc.assert(
      fc.property(
        pairsInFolds,
        fc.constantFrom(0.5, 1, 4),
        fc.integer({ min: -8, max: 8 }),
        (pairs, scale, shift) => {
          // Powers of two and small integers: the map is exact in float64.
          const map = (score: number): number => score * scale + shift;
          const before = verify(pairs);
          const after = verify({ ...pairs, scores: pairs.scores.map(map) });
          expect(after.folds.map((fold) => fold.accuracy)).toEqual(before.folds.map((fold) => fold.accuracy));
          for (const [k, fold] of after.folds.entries()) {
            expect(fold.threshold).toBeCloseTo(map(before.folds[k]!.threshold), 14);
          }
        },
      ),
    );
  });

  it('swapping the labels and the sign keeps AUC and EER, swapping one of them mirrors the AUC', () => {
    fc.assert(
      fc.property(arbitraryPairs(), (pairs) => {
        const before = verify(pairs);
        const negated = pairs.scores.map((score) => -score);
        const swapped = pairs.same.map((value) => !value);
        const both = verify({ scores: negated, same: swapped });
        expect(both.auc).toBe(before.auc);
        expect(both.eer).toBeCloseTo(before.eer, 14);
        expect(verify({ scores: negated, same: pairs.same }).auc).toBeCloseTo(1 - before.auc, 14);
        expect(verify({ scores: pairs.scores, same: swapped }).auc).toBeCloseTo(1 - before.auc, 14);
      }),
    );
  });

  it('perfect separation is perfect everywhere', () => {
    fc.assert(
      fc.property(arbitraryPairs(), (pairs) => {
        const scores = pairs.scores.map((score, i) => score + (pairs.same[i] ? 3 : 0));
        const report = verify({ scores, same: pairs.same, fars: [1, 0.5, 0.1] });
        expect([report.auc, report.eer, report.accuracy, report.bestAccuracy]).toEqual([1, 0, 1, 1]);
        for (const entry of report.tarAtFar) expect(entry.tar ?? 1).toBe(1);
      }),
    );
  });

  it('rates lie in [0, 1]; the ROC and TAR at FAR never fall', () => {
    fc.assert(
      fc.property(arbitraryPairs(), (pairs) => {
        const { roc, auc, eer, tarAtFar } = verify({ ...pairs, fars });
        for (const rate of [auc, eer]) expect(rate >= 0 && rate <= 1).toBe(true);
        for (let k = 1; k < roc.length; k++) {
          expect(roc[k]!.far + roc[k]!.tar).toBeGreaterThan(roc[k - 1]!.far + roc[k - 1]!.tar);
          expect(roc[k]!.threshold).toBeLessThan(roc[k - 1]!.threshold);
        }
        const tars = tarAtFar.filter((entry) => entry.tar !== null).map((entry) => entry.tar!);
        expect(tars).toEqual([...tars].sort((a, b) => b - a));
      }),
    );
  });
});
