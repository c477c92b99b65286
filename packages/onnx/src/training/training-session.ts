import type { LearnerBatch, LearnerOptimiser, LearnerUpdate, ParameterKind } from '@cf/training';
import type { Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';

/** What to train, and how. */
export interface TrainingSessionOptions {
  /** The module `onnxruntime-node` or `onnxruntime-web`. */
  readonly runtime: OnnxRuntime;
  /** An inference model with one input of images; it is not changed. */
  readonly model: Model;
  /** The output to train; needed only where the model has several. */
  readonly output?: string;
  /** What `learnerOptimiser` of `@cf/training` gives. */
  readonly optimiser: LearnerOptimiser;
  /** Keep activations for the way back (the default), or compute them again: slower, with less memory. */
  readonly activations?: 'saved' | 'recomputed';
  /** Threads of one operator; the runtime decides by default. Results may differ between numbers of threads. */
  readonly threads?: number;
  /** Name of a node: it and all that it depends on stay as they are. */
  readonly freezeUntil?: string;
  /** Keep normalisations as they are: statistics, scale and shift; false by default. */
  readonly freezeBn?: boolean;
  /** Keys the masks of dropout; 0 by default. */
  readonly seed?: number;
  /** Where the runtime computes; its CPU by default. */
  readonly executionProviders?: readonly string[];
}

/** One trained parameter. */
export interface ParameterInfo {
  /** Name of the initializer in the model. */
  readonly name: string;
  readonly kind: ParameterKind;
  readonly dims: readonly number[];
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

/**
 * A model in training: `forward`, then the caller's loss, then `backward`, as often as there are micro-batches, then
 * `update`. Calls do not overlap: await each one before the next.
 */
export interface TrainingSession {
  readonly parameters: readonly ParameterInfo[];
  /** Name of the input of images. */
  readonly input: string;
  /** Name of the output in training. */
  readonly output: string;
  /** d, the length of an embedding; `undefined` where the model does not tell before it ran. */
  readonly embeddingSize: number | undefined;

  /**
   * Embeddings as `forward` gives them for this batch, with its statistics and dropout; nothing is kept and nothing
   * moves.
   *
   * @throws the errors of `forward`
   */
  embed(batch: LearnerBatch): Promise<Float32Array>;

  /**
   * Embeddings of a micro-batch, with the batch's statistics and dropout as in training.
   *
   * @param batch images [B, C, H, W], or what else the model's input takes; leave its values as they are until
   *   `backward` has ended. Step and position key the masks of dropout, with the seed
   * @returns [B, d]: a view that the next `forward` or `embed` writes over
   * @throws ShapeMismatchError if lengths or sizes do not fit
   * @throws NonFiniteError if an embedding is not finite; running statistics are then as before
   * @throws BackendError if the runtime fails, as where memory ends
   */
  forward(batch: LearnerBatch): Promise<Float32Array>;

  /**
   * Gradients of the parameters for the micro-batch of the last `forward`, added to those since the last `update`.
   * Nothing is averaged: the caller's loss says what it means over.
   *
   * @param gradient ∂L/∂embeddings, [B, d]
   * @throws ShapeMismatchError if its length does not fit
   * @throws NonFiniteError if it is not finite; the micro-batches since the last update are then forgotten, and
   *   statistics are as they were before them
   * @throws BackendError without a forward before it, or if the runtime fails
   */
  backward(gradient: Float32Array): Promise<void>;

  /**
   * One step of the optimiser with the gradients added up since the last one.
   *
   * @throws NonFiniteError if a gradient is not finite; weights, statistics and optimiser stay as they were before
   *   the micro-batches of this update
   * @throws OptionOutOfRangeError if the learning rate is negative or not finite
   * @throws BackendError without a backward before it, or if the runtime fails
   */
  update(learningRate: number): Promise<LearnerUpdate>;

  /** The sum of gradients since the last update, as copies, by parameter; empty before the first `backward`. */
  gradients(): ReadonlyMap<string, TensorData>;

  /** Copies of trained parameters and running statistics, by the name of the initializer: what `withWeights` takes. */
  weights(): ReadonlyMap<string, TensorData>;

  /** A copy of everything that training changes. */
  state(): TrainingState;

  /**
   * Goes on from a state, or from some values of one, as after `new Map([['fc.weight', …]])`. What is left out stays.
   * Gradients added up so far are dropped.
   *
   * @throws StateMismatchError if a name or a shape does not belong to this session
   */
  load(state: Partial<TrainingState>): void;

  /** The model that was given, with the weights and statistics of now. */
  exportModel(): Model;

  /** Gives memory back to the runtime. Every later call but this one is an error. */
  dispose(): Promise<void>;
}
