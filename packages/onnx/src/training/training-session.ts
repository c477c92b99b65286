import { type Communicator, NonFiniteError, requireFiniteTensor, requireRange } from '@cf/core';
import type { LearnerBatch, LearnerUpdate } from '@cf/training';
import type { Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { GRADIENT_NORM, gradientOf, LEARNING_RATE, STEP } from '../optimisers/names.ts';
import type { Parameter } from '../passes/training-form/parameters.ts';
import { requireSeveralValues } from '../passes/training-form/smallest-batch.ts';
import { withWeights } from '../passes/with-weights.ts';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import { GradientSum } from './gradient-sum.ts';
import { checkBatch, MicroBatch, requireGradientOf, requireMatrix } from './micro-batch.ts';
import type { TrainingState } from './options.ts';
import type { TrainingPasses } from './passes.ts';
import type { TrainingPlan, TrainingPlanOptions } from './plan.ts';
import type { Runner, Tensors } from './runner.ts';
import { copyOf, floats } from './tensor-store.ts';
import { TrainedTensors } from './trained-tensors.ts';
import { outOfOrder, Turns } from './turns.ts';

/**
 * A model in training: `forward`, then the caller's loss, then `backward`, as often as there are micro-batches, then
 * `update`. Calls do not overlap: await each one before the next.
 */
export class TrainingSession {
  readonly parameters: readonly Parameter[];
  /** Name of the input of images. */
  readonly input: string;
  /** Name of the output in training. */
  readonly output: string;
  /** d, the length of an embedding; `undefined` where the model does not tell before it ran. */
  readonly embeddingSize: number | undefined;
  readonly #runtime: OnnxRuntime;
  readonly #model: Model;
  readonly #plan: TrainingPlan;
  readonly #passes: TrainingPasses;
  readonly #update: Runner;
  readonly #seed: number;
  readonly #isSynchronised: boolean;
  readonly #trained: TrainedTensors;
  readonly #gradients: GradientSum;
  /** A place of its own: what the runtime allocates it copies, and the weights beside it with it. */
  readonly #gradientNorm: RuntimeTensor;
  #batch: MicroBatch | undefined;
  #awaitsBackward = false;
  readonly #turns: Turns = new Turns();

  constructor(
    runtime: OnnxRuntime,
    model: Model,
    plan: TrainingPlan,
    {
      passes,
      update,
      seed,
      isSynchronised,
    }: {
      readonly passes: TrainingPasses;
      readonly update: Runner;
      readonly seed: number;
      readonly isSynchronised: boolean;
    },
  ) {
    this.parameters = plan.form.parameters;
    this.input = plan.input.name;
    this.output = plan.form.output;
    this.embeddingSize = plan.embeddingSize;
    this.#runtime = runtime;
    this.#model = model;
    this.#plan = plan;
    this.#passes = passes;
    this.#update = update;
    this.#seed = seed;
    this.#isSynchronised = isSynchronised;
    this.#trained = new TrainedTensors(runtime, plan);
    this.#gradientNorm = new runtime.Tensor('float32', new Float32Array(1), []);
    this.#gradients = new GradientSum(plan.form.parameters.map(({ name }) => name));
  }

  /**
   * Embeddings as `forward` gives them for this batch, with its statistics and dropout; nothing is kept and nothing
   * moves.
   *
   * @throws the errors of `forward`
   */
  embed(batch: LearnerBatch): Promise<Float32Array> {
    return this.#turns.take('embed', async () => {
      checkBatch(batch, this.#plan);
      // What a forward pass keeps for its backward stays as it is.
      if (!this.#awaitsBackward) return (await this.#pass(batch, this.#batchOf(batch.shape))).embeddings;
      const memory = this.#newBatch(batch.shape);
      try {
        return (await this.#pass(batch, memory)).embeddings;
      } finally {
        memory.passes.release();
      }
    });
  }

  /**
   * Embeddings of a micro-batch, with the batch's statistics and dropout as in training.
   *
   * @param batch images [B, C, H, W], or what else the model's input takes; leave its values as they are until
   *   `backward` has ended. Step and position key the masks of dropout, with the seed
   * @returns [B, d]: a view that the next `forward` or `embed` writes over
   * @throws ShapeMismatchError if lengths or sizes do not fit, or a normalisation sees one value a channel
   * @throws NonFiniteError if an embedding is not finite; running statistics are then as before
   * @throws BackendError if the runtime fails, as where memory ends
   */
  forward(batch: LearnerBatch): Promise<Float32Array> {
    return this.#turns.take('forward', async () => {
      checkBatch(batch, this.#plan);
      requireSeveralValues(this.#plan.form.model, batch.shape);
      this.#awaitsBackward = false;
      const { embeddings, statistics } = await this.#pass(batch, this.#batchOf(batch.shape));
      this.#trained.advanceStatistics(statistics);
      this.#awaitsBackward = true;
      return embeddings;
    });
  }

  /**
   * Gradients of the parameters for the micro-batch of the last `forward`, added to those since the last `update`.
   * Nothing is averaged: the caller's loss says what it means over.
   *
   * @param gradient ∂L/∂embeddings, [B, d]
   * @param ranks with the last micro-batch of an update of several: gradients that are there early are summed over them while
   *   the others are computed, where the kernels can do that; `sumGradients` follows in any case. Nothing else is to be
   *   communicated in between
   * @throws ShapeMismatchError if its length does not fit
   * @throws NonFiniteError if it is not finite; the micro-batches since the last update are then forgotten, and
   *   statistics are as they were before them
   * @throws BackendError without a forward before it, or if the runtime fails
   */
  backward(gradient: Float32Array, ranks?: Communicator): Promise<void> {
    return this.#turns.take('backward', async () => {
      const batch = this.#batch;
      if (!this.#awaitsBackward || batch === undefined) throw outOfOrder('backward', 'a forward before it');
      if (this.#gradients.isBegun) throw outOfOrder('backward', 'sumGradients and an update before it');
      requireGradientOf(batch.embeddings, gradient);
      try {
        requireFiniteTensor('gradient', gradient);
      } catch (error) {
        this.#startAgain();
        throw error;
      }
      // Where the way back normalises once more, onnxruntime writes over the running statistics that it is given. What
      // it computes does not depend on them.
      const feeds = this.#feeds(batch, this.#trained.spareStatistics);
      const targets = this.#gradients.targets();
      // Ranks that meet over statistics on the way meet over nothing else there.
      const early = ranks && !this.#isSynchronised ? this.#gradients.beginSums(ranks) : undefined;
      this.#gradients.add(await batch.passes.backward(feeds, gradient, targets, early));
      this.#awaitsBackward = false;
    });
  }

  /**
   * One step of the optimiser with the gradients added up since the last one.
   *
   * @throws NonFiniteError if a gradient is not finite; weights, statistics and optimiser stay as they were before
   *   the micro-batches of this update
   * @throws OptionOutOfRangeError if the learning rate is negative or not finite
   * @throws BackendError without a backward before it, or if the runtime fails
   */
  update(learningRate: number): Promise<LearnerUpdate> {
    return this.#turns.take('update', async () => {
      requireRange('learningRate', learningRate, 0, Number.MAX_VALUE);
      if (this.#gradients.count === 0) throw outOfOrder('update', 'a forward and a backward before it');
      const targets = new Map([
        ...this.#trained.updateTargets(),
        [GRADIENT_NORM, this.#gradientNorm] as const,
      ]);
      const results = await this.#update.run(this.#updateFeeds(learningRate), targets);
      const gradientNorm = floats(this.#gradientNorm)[0]!;
      if (!Number.isFinite(gradientNorm)) this.#diverge(gradientNorm);
      this.#trained.advance(results);
      this.#beginUpdate();
      return { gradientNorm };
    });
  }

  /**
   * Adds to the gradients since the last update those of the sessions of all ranks, in the same order of parameters. Running
   * statistics, which each rank has of its own pictures, become the mean over the ranks: all have the same from here on.
   *
   * @throws BackendError without a backward before it
   */
  sumGradients(ranks: Communicator): Promise<void> {
    return this.#turns.take('sumGradients', async () => {
      if (this.#gradients.count === 0) throw outOfOrder('sumGradients', 'a forward and a backward before it');
      await this.#gradients.addRanks(ranks);
      await this.#trained.averageStatistics(ranks);
    });
  }

  /** The sum of gradients since the last update, as copies, by parameter; empty before the first `backward`. */
  gradients(): ReadonlyMap<string, TensorData> {
    this.#turns.requireIdle('gradients');
    return new Map(this.#gradients.sums().map(([name, sum]) => [name, copyOf(sum)]));
  }

  /** Copies of trained parameters and running statistics, by the name of the initializer: what `withWeights` takes. */
  weights(): ReadonlyMap<string, TensorData> {
    this.#turns.requireIdle('weights');
    return this.#trained.values();
  }

  /**
   * Bytes that a micro-batch would be computed in, beside weights, gradients and pictures; `undefined` where what computes
   * it does not know before it runs.
   *
   * @param shape of the pictures
   */
  passBytes(
    shape: readonly number[],
    activations: NonNullable<TrainingPlanOptions['activations']>,
  ): number | undefined {
    return this.#passes.bytes?.(shape, activations);
  }

  /** A copy of everything that training changes. */
  state(): TrainingState {
    this.#turns.requireIdle('state');
    return this.#trained.read();
  }

  /**
   * Goes on from a state, or from some values of one, as after `new Map([['fc.weight', …]])`. What is left out stays.
   * Gradients added up so far are dropped.
   *
   * @throws StateMismatchError if a name or a shape does not belong to this session; OptionOutOfRangeError if `updates` is no
   *   count
   */
  load(state: Partial<TrainingState>): void {
    this.#turns.requireIdle('load');
    this.#trained.write(state);
    this.#beginUpdate();
  }

  /** The model that was given, with the weights and statistics of now. */
  exportModel(): Model {
    return withWeights(this.#model, this.weights());
  }

  /** Gives memory back to the runtime. Every later call but this one is an error. */
  async dispose(): Promise<void> {
    if (!this.#turns.end('dispose')) return;
    this.#dropBatch();
    await Promise.all([this.#passes.release(), this.#update.release()]);
  }

  /** The way forward; the statistics that come of it are written beside those of now. */
  async #pass(
    { values, step, position }: LearnerBatch,
    batch: MicroBatch,
  ): Promise<{ readonly embeddings: Float32Array; readonly statistics: Tensors }> {
    batch.start(this.#runtime, values, { seed: this.#seed, step, position });
    const targets = this.#trained.statisticTargets();
    const feeds = this.#feeds(batch, this.#trained.statistics);
    const { embeddings, statistics } = await batch.passes.forward(feeds, targets);
    requireMatrix(this.output, embeddings.dims, batch.shape[0]!);
    batch.embeddings = embeddings.dims;
    requireFiniteTensor('embeddings', floats(embeddings));
    return { embeddings: floats(embeddings), statistics };
  }

  /** The last micro-batch's memory where the shape is the same. */
  #batchOf(shape: readonly number[]): MicroBatch {
    if (this.#batch?.fits(shape)) return this.#batch;
    // Given up before new memory is asked for.
    this.#dropBatch();
    this.#batch = this.#newBatch(shape);
    return this.#batch;
  }

  #newBatch(shape: readonly number[]): MicroBatch {
    return new MicroBatch(this.#runtime, this.#plan, this.#passes.newBatch(shape), [...shape]);
  }

  #dropBatch(): void {
    this.#batch?.passes.release();
    this.#batch = undefined;
  }

  /** Images, masks, weights and statistics, by the names of the form's inputs. */
  #feeds(batch: MicroBatch, statistics: Tensors): Tensors {
    return new Map([...batch.inputs(this.input), ...this.#trained.weights, ...statistics]);
  }

  #updateFeeds(learningRate: number): Tensors {
    const gradients = this.#gradients.sums().map(([name, sum]) => [gradientOf(name), sum] as const);
    const feeds = new Map([...this.#trained.weights, ...this.#trained.optimiser, ...gradients]);
    const scalar = (value: number): RuntimeTensor =>
      new this.#runtime.Tensor('float32', Float32Array.of(value), []);
    feeds.set(LEARNING_RATE, scalar(learningRate));
    if (this.#plan.optimiser.takesStep) feeds.set(STEP, scalar(this.#trained.updates + 1));
    return feeds;
  }

  /** No micro-batch counts for the next update yet. */
  #beginUpdate(): void {
    this.#awaitsBackward = false;
    this.#gradients.clear();
  }

  /** Forgets the micro-batches of an update that can't be made, and throws which gradient is to blame. */
  #diverge(norm: number): never {
    const sums = this.#gradients.sums();
    this.#startAgain();
    for (const [name, sum] of sums) requireFiniteTensor(`gradient of ${name}`, floats(sum));
    throw new NonFiniteError('norm of the gradient', 0, norm);
  }

  /** Forgets the micro-batches since the last update. */
  #startAgain(): void {
    this.#trained.forgetStatistics();
    this.#beginUpdate();
  }
}
