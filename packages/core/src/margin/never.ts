import type { TensorOps } from '../ops/tensor-ops.ts';

/** A mask that is false everywhere. */
export function never<T, M>(ops: TensorOps<T, M>): M {
  return ops.greater(ops.constant(0), ops.constant(1));
}
