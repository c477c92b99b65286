import type { Communicator } from '@cf/core';
import type { TensorData } from '../model/tensor.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import type { TrainingKernels } from './passes.ts';
import type { TrainingPlanOptions } from './plan.ts';

/** What to train, and how. */
export interface TrainingSessionOptions extends TrainingPlanOptions {
  /** The module `onnxruntime-node` or `onnxruntime-web`. */
  readonly runtime: OnnxRuntime;
  /** Threads of one operator; the runtime decides by default. Results may differ between numbers of threads. */
  readonly threads?: number;
  /** Keys the masks of dropout; 0 by default. */
  readonly seed?: number;
  /** Who computes the way forward and back: the runtime's graphs by default, or what `oneDnnKernels` gives. */
  readonly kernels?: TrainingKernels;
  /**
   * Ranks whose pictures together are the batch that normalisations see, so that several train as one does: they then pass
   * forward and back together, each as often as the others. By default a rank's normalisations see its own pictures. Of
   * `oneDnnKernels` alone.
   */
  readonly synchronise?: Communicator;
  /** Where the runtime computes; its CPU by default. */
  readonly executionProviders?: readonly string[];
}

/** Everything that training changes: with it, a session goes on where another stopped, to the same bits. */
export interface TrainingState {
  /** Trained parameters, by the name of the initializer. */
  readonly weights: ReadonlyMap<string, TensorData>;
  /** Running means and variances of normalisations in training, by the name of the initializer. */
  readonly statistics: ReadonlyMap<string, TensorData>;
  /** The optimiser's numbers, as `momentum/conv1.weight`. */
  readonly optimiser: ReadonlyMap<string, TensorData>;
  /** Updates so far. */
  readonly updates: number;
}
