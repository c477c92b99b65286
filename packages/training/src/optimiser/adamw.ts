import {
  type OptionNames,
  requireKnownOptions,
  requirePositive,
  requireRange,
  type TensorOps,
} from '@cf/core';
import { BELOW_ONE, decayed } from './formula-parts.ts';
import type { OptimiserRule, UpdateInput, UpdateOutput } from './optimiser-rule.ts';

/** Adam with decoupled weight decay, with the meaning of `torch.optim.AdamW`. */
export interface AdamWOptions {
  /** β₁, 0 ≤ β₁ < 1; 0.9 by default. */
  readonly beta1?: number;
  /** β₂, 0 ≤ β₂ < 1; 0.999 by default. */
  readonly beta2?: number;
  /** ε, beside the root of the second moment; 1e-8 by default. */
  readonly epsilon?: number;
}

const OPTIONS: OptionNames<AdamWOptions> = { beta1: true, beta2: true, epsilon: true };

/**
 * w ← (1 − η·λ)·w; m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; w ← w − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
 * (Loshchilov and Hutter 2019, algorithm 2, in PyTorch's order of operations).
 *
 * @throws OptionOutOfRangeError; UnknownNameError for an unknown option, with the nearest name
 */
export function adamw(options: AdamWOptions = {}): OptimiserRule {
  requireKnownOptions('adamw', options, OPTIONS);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  requireRange('beta1', beta1, 0, BELOW_ONE);
  requireRange('beta2', beta2, 0, BELOW_ONE);
  requirePositive('epsilon', epsilon);
  return {
    name: 'adamw',
    state: ['first_moment', 'second_moment'],
    update<T, M>(ops: TensorOps<T, M>, input: UpdateInput<T>): UpdateOutput<T> {
      const { gradient, state, learningRate, updateNumber } = input;
      const mean = average(ops, beta1, state.first_moment!, gradient);
      const square = average(ops, beta2, state.second_moment!, ops.mul(gradient, gradient));
      const deviation = ops.div(ops.sqrt(square), ops.sqrt(correction(ops, beta2, updateNumber)));
      const direction = ops.div(mean, ops.add(deviation, ops.constant(epsilon)));
      const rate = ops.div(learningRate, correction(ops, beta1, updateNumber));
      return {
        weight: ops.sub(decayed(ops, input), ops.mul(direction, rate)),
        state: { first_moment: mean, second_moment: square },
      };
    },
  };
}

/** β·a + (1 − β)·b. */
function average<T, M>(ops: TensorOps<T, M>, beta: number, a: T, b: T): T {
  return ops.add(ops.mul(a, ops.constant(beta)), ops.mul(b, ops.constant(1 - beta)));
}

/** Beyond it e^x − 1 is −1 to the last bit; readings that take e^x − 1 apart would overflow far beyond it. */
const LEAST_EXPONENT = -60;

/** 1 − βᵗ, without the cancellation that would leave four digits of it in float32 at t = 1. */
function correction<T, M>(ops: TensorOps<T, M>, beta: number, updateNumber: T): T {
  if (beta === 0) return ops.constant(1);
  const exponent = ops.mul(updateNumber, ops.constant(Math.log(beta)));
  return ops.neg(ops.expm1(ops.max(exponent, ops.constant(LEAST_EXPONENT))));
}
