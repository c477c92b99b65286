import { type OptionNames, requireKnownOptions, requireRange, type TensorOps } from '@cf/core';
import { BELOW_ONE, decayed } from './formula-parts.ts';
import type { ArrayUpdate, OptimiserRule, UpdateInput, UpdateOutput } from './optimiser-rule.ts';

/** Stochastic gradient descent, with the meaning and the defaults of `torch.optim.SGD`. */
export interface SgdOptions {
  /** μ, 0 ≤ μ < 1; 0 by default. */
  readonly momentum?: number;
  /** Look ahead along the new velocity; false by default. */
  readonly nesterov?: boolean;
  /** Shrink the weights by η·λ (SGDW) instead of adding λ·w to the gradient; false by default. */
  readonly decoupledDecay?: boolean;
}

const OPTIONS: OptionNames<SgdOptions> = { momentum: true, nesterov: true, decoupledDecay: true };

/**
 * g ← g + λ·w; v ← μ·v + g, from v = 0; w ← w − η·v, or w − η·(g + μ·v) with Nesterov's momentum (Sutskever et al.
 * 2013, as PyTorch writes it). With decoupled decay w ← (1 − η·λ)·w first, and g stays (SGDW, Loshchilov and
 * Hutter 2019).
 *
 * @throws OptionOutOfRangeError; UnknownNameError for an unknown option, with the nearest name
 */
export function sgd(options: SgdOptions = {}): OptimiserRule {
  requireKnownOptions('sgd', options, OPTIONS);
  const { momentum = 0, nesterov = false, decoupledDecay = false } = options;
  requireRange('momentum', momentum, 0, BELOW_ONE);
  if (nesterov) requireRange('momentum', momentum, 0, BELOW_ONE, 'exclusive lower bound');
  return {
    name: 'sgd',
    state: momentum === 0 ? [] : ['momentum'],
    ...(momentum === 0 || nesterov || decoupledDecay ? {} : { updateArray: momentumLoop(momentum) }),
    update<T, M>(ops: TensorOps<T, M>, input: UpdateInput<T>): UpdateOutput<T> {
      const { state, learningRate, weightDecay } = input;
      const weight = decoupledDecay ? decayed(ops, input) : input.weight;
      const gradient =
        decoupledDecay || weightDecay === 0
          ? input.gradient
          : ops.add(input.gradient, ops.mul(weight, ops.constant(weightDecay)));
      const step = (direction: T): T => ops.sub(weight, ops.mul(direction, learningRate));
      if (momentum === 0) return { weight: step(gradient), state: {} };
      const factor = ops.constant(momentum);
      const velocity = ops.add(ops.mul(state.momentum!, factor), gradient);
      const direction = nesterov ? ops.add(gradient, ops.mul(velocity, factor)) : velocity;
      return { weight: step(direction), state: { momentum: velocity } };
    },
  };
}

/** The usual case in one loop: class centers are many, and the formula step by step takes five times as long. */
function momentumLoop(momentum: number): (update: ArrayUpdate) => void {
  return ({ weight, gradient, state, learningRate, weightDecay }) => {
    const velocity = state.momentum!;
    const decays = weightDecay !== 0;
    for (let i = 0; i < weight.length; i++) {
      // As in the formula, no decay adds nothing: not 0 to −0, nor NaN to an infinite weight.
      let g = gradient[i]!;
      if (decays) g += weightDecay * weight[i]!;
      const v = momentum * velocity[i]! + g;
      velocity[i] = v;
      weight[i] = weight[i]! - learningRate * v;
    }
  };
}
