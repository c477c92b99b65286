import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numberOps } from '../readings/number.ts';
import { referenceStep } from '../reference/reference-step.ts';
import { initialState } from '../state/loss-state.ts';
import { sphereFace } from './sphere-face.ts';

/** ψ(θ) = (−1)^k·cos mθ − 2k on [kπ/m, (k + 1)π/m]. */
function psi(theta: number, m: number): number {
  const k = Math.min(m - 1, Math.floor((m * theta) / Math.PI));
  return (-1) ** k * Math.cos(m * theta) - 2 * k;
}

test('T is (λ·cos θ + ψ(θ))/(1 + λ) by acos, for every m', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 0, max: Math.PI, noNaN: true }),
      fc.double({ min: 0, max: 1500, noNaN: true }),
      (margin, theta, lambda) => {
        const cos = Math.cos(theta);
        const target = sphereFace({ margin }).target(
          numberOps,
          { cos, sin: Math.sin(theta), norm: 1 },
          { lambda },
        );
        const expected = (lambda * cos + psi(theta, margin)) / (1 + lambda);
        expect(Math.abs(target.value - expected)).toBeLessThan(1e-12);
      },
    ),
    { numRuns: 500 },
  );
});

describe('annealing', () => {
  const theta = 1.1;
  const input = {
    embeddings: Float64Array.of(2 * Math.cos(theta), 2 * Math.sin(theta), 0),
    weights: Float64Array.of(1, 0, 0, 0, 0, 1),
    labels: [0],
    dim: 3,
  };
  /** λ of a step, read off the target logit ‖x‖·(λ·cos θ + ψ)/(1 + λ). */
  const lambdaOf = (logit: number): number => {
    const value = logit / 2;
    return (psi(theta, 4) - value) / (value - Math.cos(theta));
  };

  test('λ is 1500/1.1 in the first step, falls as 1500/(1 + 0.1·step), and no lower than 5', () => {
    const loss = sphereFace();
    let state = initialState(loss);
    for (let step = 1; step <= 50; step++) {
      const output = referenceStep(loss, { ...input, state }, { inspect: true });
      const expected = 1500 / (1 + 0.1 * step);
      expect(lambdaOf(output.inspection!.logits[0]!) / expected).toBeCloseTo(1, 9);
      state = output.state;
      expect(state.values.step).toBe(step);
    }
  });

  test.each([
    [2988, 1500 / (1 + 0.1 * 2989)],
    [2989, 5],
    [2990, 5],
    [100000, 5],
  ])('after %d steps λ is %d', (step, expected) => {
    const state = { loss: 'sphereface', values: { step } };
    const { inspection } = referenceStep(sphereFace(), { ...input, state }, { inspect: true });
    expect(lambdaOf(inspection!.logits[0]!) / expected).toBeCloseTo(1, 9);
  });

  test('evaluation uses the λ of the last training step and stays there', () => {
    const state = { loss: 'sphereface', values: { step: 20 } };
    const output = referenceStep(sphereFace(), { ...input, state, mode: 'eval' }, { inspect: true });
    expect(lambdaOf(output.inspection!.logits[0]!)).toBeCloseTo(500, 6);
    expect(output.state).toEqual(state);
  });

  test('a fixed λ has no state of its own', () => {
    const output = referenceStep(sphereFace({ lambda: 7 }), input, { inspect: true });
    expect(lambdaOf(output.inspection!.logits[0]!)).toBeCloseTo(7, 9);
    expect(output.state.values).toEqual({ step: 1 });
  });
});
