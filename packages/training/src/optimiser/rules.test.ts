import { type FloatArray, numberOps, OptionOutOfRangeError } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adamw } from './adamw.ts';
import { arrayOptimiser, blockwise } from './array-optimiser.ts';
import type { OptimiserRule } from './optimiser-rule.ts';
import { sgd } from './sgd.ts';

const RULES: Readonly<Record<string, OptimiserRule>> = {
  'sgd without momentum': sgd(),
  'sgd with momentum': sgd({ momentum: 0.9 }),
  'sgd with Nesterov’s momentum': sgd({ momentum: 0.8, nesterov: true }),
  'sgd with decoupled decay': sgd({ momentum: 0.5, decoupledDecay: true }),
  adamw: adamw(),
  'adamw without moments': adamw({ beta1: 0, beta2: 0 }),
};

/** A rule read as numbers, one after the other. */
function byNumbers(
  rule: OptimiserRule,
  weight: FloatArray,
  gradients: readonly FloatArray[],
  rates: readonly number[],
  weightDecay: number,
): { weight: FloatArray; state: Record<string, FloatArray> } {
  const out = weight.slice();
  const state = Object.fromEntries(rule.state.map((name) => [name, weight.slice().fill(0)]));
  for (const [step, gradient] of gradients.entries()) {
    for (const i of out.keys()) {
      const after = rule.update(numberOps, {
        weight: out[i]!,
        gradient: gradient[i]!,
        state: Object.fromEntries(rule.state.map((name) => [name, state[name]![i]!])),
        learningRate: rates[step]!,
        weightDecay,
        updateNumber: step + 1,
      });
      out[i] = after.weight;
      for (const name of rule.state) state[name]![i] = after.state[name]!;
    }
  }
  return { weight: out, state };
}

describe.each(Object.entries(RULES))('%s', (_, rule) => {
  const number = fc.double({ min: -2, max: 2, noNaN: true });
  const cases = fc.record({
    // Less than a block, a block and a bit.
    length: fc.constantFrom(1, 7, 256, 300),
    seedling: fc.array(number, { minLength: 3, maxLength: 9 }),
    weightDecay: fc.constantFrom(0, 0.125),
    single: fc.boolean(),
  });

  test('arrays move as numbers do, to the bit, in either precision', () => {
    fc.assert(
      fc.property(cases, ({ length, seedling, weightDecay, single }) => {
        const draw = (k: number): number[] =>
          Array.from({ length }, (_, i) => seedling[(i * k + k) % seedling.length]! / (1 + (i % k)));
        const start = single ? Float32Array.from(draw(1)) : Float64Array.from(draw(1));
        const gradients = [2, 3, 4].map((k) => Float64Array.from(draw(k)));
        const rates = [0.5, 0.25, 0.125];
        const expected = byNumbers(rule, start, gradients, rates, weightDecay);
        const optimiser = arrayOptimiser(rule, weightDecay);
        for (const update of [optimiser.update, blockwise(rule, weightDecay)]) {
          const weight = start.slice();
          const state = optimiser.first(weight);
          for (const [step, gradient] of gradients.entries())
            update({
              weight,
              gradient,
              state,
              learningRate: rates[step]!,
              weightDecay,
              updateNumber: step + 1,
            });
          expect(weight).toEqual(expected.weight);
          expect(state).toEqual(expected.state);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('a gradient of zero moves nothing and gives no NaN, after any number of updates', () => {
    const optimiser = arrayOptimiser(rule, 0);
    for (const updateNumber of [1, 10, 1e4, 1e8]) {
      const weight = Float64Array.of(3);
      optimiser.update({
        weight,
        gradient: new Float64Array(1),
        state: optimiser.first(weight),
        learningRate: 1,
        updateNumber,
      });
      expect(weight).toEqual(Float64Array.of(3));
    }
  });
});

test('the corrections of AdamW are 1 − βᵗ', () => {
  const rule = adamw({ beta1: 0.9, beta2: 0.99, epsilon: 1e-300 });
  for (const t of [1, 2, 17, 1000, 1e7]) {
    // With these moments m / √v = 1, and the update is η·√(1 − β₂ᵗ)/(1 − β₁ᵗ).
    const state = { first_moment: 1, second_moment: 1 };
    const input = { weight: 0, gradient: 1, state, learningRate: 1, weightDecay: 0, updateNumber: t };
    const expected = -Math.sqrt(1 - 0.99 ** t) / (1 - 0.9 ** t);
    expect(rule.update(numberOps, input).weight / expected).toBeCloseTo(1, 12);
  }
});

test.each<[string, () => OptimiserRule]>([
  ['momentum', () => sgd({ momentum: 1 })],
  ['momentum', () => sgd({ nesterov: true })],
  ['beta1', () => adamw({ beta1: Number.NaN })],
  ['beta2', () => adamw({ beta2: 1 })],
  ['epsilon', () => adamw({ epsilon: 0 })],
])('names the option out of its range: %s', (option, make) => {
  expect(make).toThrow(OptionOutOfRangeError);
  expect(make).toThrow(`${option} = `);
});
