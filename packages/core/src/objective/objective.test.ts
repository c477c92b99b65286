import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Dual, dualOps, fixed, variable } from '../readings/dual.ts';
import { numberOps } from '../readings/number.ts';
import { binaryObjective } from './binary-objective.ts';
import type { SampleLoss } from './objective.ts';
import { smoothedSoftmax } from './smoothed-softmax.ts';
import { softmaxObjective } from './softmax-objective.ts';

const logit = fc.double({ min: -60, max: 60, noNaN: true });
const close = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));

describe('a binary objective', () => {
  const plain = binaryObjective({ positiveWeight: 0.7, negativeWeight: 0.3, biasSign: 1 });
  const bounded = binaryObjective({ positiveWeight: 1, negativeWeight: 0.6, biasSign: -1, bound: 20 });
  const ofTarget = (objective: typeof plain, z: Dual): SampleLoss<Dual> =>
    objective.ofSample(dualOps, {
      targetLogit: z,
      negatives: { max: fixed(Number.NEGATIVE_INFINITY), sum: fixed(0) },
      sums: { loss: fixed(1.5) },
      logitScale: fixed(4),
      classes: fixed(9),
    });

  test.each([
    ['without a bound', plain, 0.7, 0.3, Number.POSITIVE_INFINITY],
    ['with one', bounded, 1, 0.6, 20],
  ])('%s: the slopes are those of the losses, which are logistic', (_, objective, own, other, bound) => {
    const expected = (weight: number, u: number): number =>
      weight * Math.log1p(Math.exp(Math.min(Math.max(u, -bound), bound)));
    fc.assert(
      fc.property(logit, (z) => {
        const negative = objective.ofNegative(dualOps, variable(z));
        close(negative.loss.value, expected(other, z));
        close(negative.dLogit.value, negative.loss.slope);
        const { nll, dTarget, miss, logSumExp } = ofTarget(objective, variable(z));
        close(nll.value, 1.5 + expected(own, -z));
        close(dTarget.value, nll.slope);
        if (Math.abs(z) > bound) expect([negative.dLogit.value, Math.abs(dTarget.value)]).toEqual([0, 0]);
        else expect(negative.dLogit.value).toBeGreaterThan(0);
        expect([miss.value, logSumExp.value]).toEqual([0, 0]);
      }),
    );
  });

  test('neither end overflows, and small losses keep their digits', () => {
    expect(plain.ofNegative(numberOps, 1e6)).toEqual({ loss: 0.3 * 1e6, dLogit: 0.3 });
    expect(plain.ofNegative(numberOps, -1e6)).toEqual({ loss: 0, dLogit: 0 });
    const { loss, dLogit } = plain.ofNegative(numberOps, -40);
    close(loss / (0.3 * Math.exp(-40)), 1);
    close(dLogit / (0.3 * Math.exp(-40)), 1);
  });
});

/** ℓ by one of the logits z_0 (own) … z_n, through everything that it is given. */
function lossBy(objective: typeof softmaxObjective, logits: readonly number[], by: number): SampleLoss<Dual> {
  const scale = 3;
  const z = logits.map((value, j) => (j === by ? variable(value) : fixed(value)));
  const negatives = z.slice(1);
  const max = fixed(Math.max(...logits.slice(1)));
  const total = (values: readonly Dual[]): Dual => values.reduce(dualOps.add, fixed(0));
  return objective.ofSample(dualOps, {
    targetLogit: z[0]!,
    negatives: { max, sum: total(negatives.map((value) => dualOps.exp(dualOps.sub(value, max)))) },
    sums: { negatives: total(negatives.map((value) => dualOps.div(value, fixed(scale)))) },
    logitScale: fixed(scale),
    classes: fixed(logits.length),
  });
}

describe.each([0, 0.1, 0.9])('a softmax smoothed by %d', (epsilon) => {
  const objective = epsilon === 0 ? softmaxObjective : smoothedSoftmax(epsilon);

  test('is the cross-entropy with a spread target, and its slope by every logit is p less that', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 2, maxLength: 6 }),
        (logits) => {
          const most = Math.max(...logits);
          const total = logits.reduce((sum, z) => sum + Math.exp(z - most), 0);
          const logOf = (z: number): number => z - most - Math.log(total);
          const spread = logits.map((_, j) => epsilon / logits.length + (j === 0 ? 1 - epsilon : 0));
          const expected = logits.reduce((sum, z, j) => sum - spread[j]! * logOf(z), 0);
          for (const j of logits.keys()) {
            const { nll, dTarget, miss, logSumExp } = lossBy(objective, logits, j);
            close(nll.value, expected);
            close(nll.slope, Math.exp(logOf(logits[j]!)) - spread[j]!);
            if (j === 0) close(dTarget.value, nll.slope);
            close(miss.value, 1 - Math.exp(logOf(logits[0]!)));
            close(logSumExp.value, most + Math.log(total));
          }
        },
      ),
    );
  });

  test('of one class is 0, and pulls at nothing', () => {
    const { nll, dTarget } = objective.ofSample(numberOps, {
      targetLogit: 12,
      negatives: { max: Number.NEGATIVE_INFINITY, sum: 0 },
      sums: { negatives: 0 },
      logitScale: 3,
      classes: 1,
    });
    expect([nll, Math.abs(dTarget)]).toEqual([0, 0]);
  });

  test('asks for a sum only where it needs one', () => {
    expect(objective.sumNames).toEqual(epsilon === 0 ? [] : ['negatives']);
    expect(objective.sums({ value: 2.5 })).toEqual(epsilon === 0 ? {} : { negatives: 2.5 });
    expect(objective.labelSmoothing).toBe(epsilon);
  });
});
