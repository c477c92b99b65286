import type { Communicator } from '@cf/core';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { TrainingPlan, TrainingPlanOptions } from './plan.ts';
import type { Tensors } from './runner.ts';

/** Who computes the way forward and the way back of a training. The graphs of the runtime do, unless others are given. */
export interface TrainingKernels {
  /** As a log tells it, such as `oneDNN 2.6.3`. */
  readonly name: string;
  /** What a convolution runs on here, such as `jit:avx512_core`; `ref:any` is a plain loop, slower than the graphs. */
  readonly implementation?: string;
  /**
   * Makes a plan ready to run.
   *
   * @throws UnsupportedOperatorError naming every node that these kernels do not have
   */
  open(plan: TrainingPlan, options: PassOptions): Promise<TrainingPasses>;
}

export interface PassOptions {
  /** Makes the tensors that are handed out. */
  readonly runtime: OnnxRuntime;
  /** The library decides by default. */
  readonly threads: number | undefined;
  /** What is kept for the way back. */
  readonly activations: NonNullable<TrainingPlanOptions['activations']>;
  /** Over whose pictures together statistics of the batch are taken; each session's own by default. */
  readonly synchronise?: Communicator | undefined;
}

/** The way forward and the way back, for micro-batches of any size. */
export interface TrainingPasses {
  /** Memory for micro-batches of one shape. */
  newBatch(shape: readonly number[]): BatchPasses;
  /** Bytes that a micro-batch of a shape would be computed in, where that is known beforehand. */
  bytes?(shape: readonly number[], activations: PassOptions['activations']): number;
  release(): Promise<void>;
}

/** Where tensors go, by name; `undefined` for those that are to be made. */
export type Targets = ReadonlyMap<string, RuntimeTensor | undefined>;

/** The passes over micro-batches of one shape, one after the other. */
export interface BatchPasses {
  /**
   * @param feeds pictures, masks, weights and running statistics, by the names of the form's inputs
   * @param statistics where the next running statistics go, by the names of the form's outputs
   */
  forward(feeds: Tensors, statistics: Tensors): Promise<Forwarded>;
  /**
   * The way back of the last `forward`.
   *
   * @param feeds as for the way forward; running statistics may be written over
   * @param gradient of the embeddings
   * @param targets where gradients go, by the names of the parameters
   * @param ready is told of gradients that are there before the others, in the same order for batches of any size; says
   *   whether other work of the process should have its turn at once. A pass that has all at its end need not call it
   * @returns the gradients, by the names of the parameters
   */
  backward(
    feeds: Tensors,
    gradient: Float32Array,
    targets: Targets,
    ready?: (name: string, gradient: RuntimeTensor) => boolean,
  ): Promise<Tensors>;
  /** Gives memory back that the garbage collector does not see. */
  release(): void;
}

/** What comes of a way forward. */
export interface Forwarded {
  /** A view that the next pass writes over. */
  readonly embeddings: RuntimeTensor;
  /** The next running statistics, by the names of the form's outputs. */
  readonly statistics: Tensors;
}
