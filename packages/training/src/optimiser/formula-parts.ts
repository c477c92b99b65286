import type { TensorOps } from '@cf/core';
import type { UpdateInput } from './optimiser-rule.ts';

/** Largest float32 below 1. */
export const BELOW_ONE: number = 1 - 2 ** -24;

/** (1 − η·λ)·w. */
export function decayed<T, M>(
  ops: TensorOps<T, M>,
  { weight, learningRate, weightDecay }: UpdateInput<T>,
): T {
  if (weightDecay === 0) return weight;
  const factor = ops.sub(ops.constant(1), ops.mul(learningRate, ops.constant(weightDecay)));
  return ops.mul(weight, factor);
}
