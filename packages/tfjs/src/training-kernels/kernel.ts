import * as tf from '@tensorflow/tfjs-core';

/** A kernel for a backend: one that it lacks, or a faster one for one that it has. */
export interface TrainingKernel {
  readonly name: string;
  /**
   * `missing`: registered where the backend has none of that name. `faster`: takes the place of the backend's own, and
   * leaves to it what it does not cover.
   */
  readonly kind: 'missing' | 'faster';
  /** @param original what the backend has so far; always there for `faster` */
  readonly create: (original: tf.KernelFunc | undefined) => tf.KernelFunc;
}

/** Inputs and attributes of one run of a kernel. */
export interface KernelRun<Inputs, Attributes> {
  readonly inputs: Inputs;
  readonly attrs: Attributes;
}

/**
 * A kernel made of operations. The engine records nothing while a kernel runs, so they are not differentiated, and all
 * that they allocate but the result is freed.
 *
 * @param covers whether the operations are right for this run; if not, the backend's own kernel runs
 */
export function composed<Inputs, Attributes>(
  compute: (run: KernelRun<Inputs, Attributes>) => tf.Tensor,
  {
    covers = () => true,
    original,
  }: { covers?: (run: KernelRun<Inputs, Attributes>) => boolean; original?: tf.KernelFunc | undefined } = {},
): tf.KernelFunc {
  return (params) => {
    const run = params as unknown as KernelRun<Inputs, Attributes>;
    if (original !== undefined && !covers(run)) return original(params);
    return tf.tidy(() => compute(run));
  };
}
