import { BackendError, NonFiniteError, requireInteger, requireRange, ShapeMismatchError } from '@cf/core';
import type { LearnerBatch, LearnerUpdate } from '@cf/training';
import { graphOf, type Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { GRADIENT_NORM, gradientOf, LEARNING_RATE, nextOf, STEP } from '../optimisers/names.ts';
import { withWeights } from '../passes/with-weights.ts';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import { GradientSum } from './gradient-sum.ts';
import { checkBatch, MicroBatch } from './micro-batch.ts';
import type { TrainingPlan } from './plan.ts';
import type { Runner, Tensors } from './runner.ts';
import { floats, TensorStore } from './tensor-store.ts';
import type { ParameterInfo, TrainingSession, TrainingState } from './training-session.ts';

/** The passes of a training. */
export type Runners = Readonly<Record<'forward' | 'backward' | 'update', Runner>>;

/** `TrainingSession` over three graphs. */
export class OnnxTrainingSession implements TrainingSession {
  readonly parameters: readonly ParameterInfo[];
  readonly input: string;
  readonly output: string;
  readonly embeddingSize: number | undefined;
  readonly #runtime: OnnxRuntime;
  readonly #model: Model;
  readonly #plan: TrainingPlan;
  readonly #runners: Runners;
  readonly #seed: number;
  readonly #weights: TensorStore;
  readonly #statistics: TensorStore;
  readonly #optimiser: TensorStore;
  readonly #gradients: GradientSum;
  /** A place of its own: what the runtime allocates it copies, and the weights beside it with it. */
  readonly #gradientNorm: RuntimeTensor;
  readonly #learningRate: Float32Array = new Float32Array(1);
  readonly #updateNumber: Float32Array = new Float32Array(1);
  readonly #nextStatistic: (name: string) => string;
  #batch: MicroBatch | undefined;
  #awaitsBackward = false;
  #updates = 0;
  /** Statistics as the last update left them. */
  #settled: ReadonlyMap<string, TensorData> = new Map();
  #state: 'idle' | 'busy' | 'disposed' = 'idle';

  constructor(runtime: OnnxRuntime, model: Model, plan: TrainingPlan, runners: Runners, seed: number) {
    this.parameters = plan.form.parameters;
    this.input = plan.input.name;
    this.output = plan.form.output;
    this.embeddingSize = plan.embeddingSize;
    this.#runtime = runtime;
    this.#model = model;
    this.#plan = plan;
    this.#runners = runners;
    this.#seed = seed;
    this.#weights = new TensorStore(runtime, plan.form.parameters);
    this.#statistics = new TensorStore(runtime, plan.form.statistics);
    this.#optimiser = new TensorStore(runtime, plan.optimiser.state);
    this.#gradientNorm = new runtime.Tensor('float32', new Float32Array(1), []);
    this.#gradients = new GradientSum([...plan.split.gradients.values()]);
    const next = new Map(plan.form.statistics.map((statistic) => [statistic.name, statistic.next]));
    this.#nextStatistic = (name) => next.get(name)!;
  }

  embed(batch: LearnerBatch): Promise<Float32Array> {
    return this.#exclusively('embed', async () => {
      checkBatch(batch, this.#plan);
      // What a forward pass keeps for its backward stays as it is.
      const memory = this.#awaitsBackward ? this.#newBatch(batch.shape) : this.#batchOf(batch.shape);
      const { embeddings } = await this.#pass(batch, memory);
      return embeddings;
    });
  }

  forward(batch: LearnerBatch): Promise<Float32Array> {
    return this.#exclusively('forward', async () => {
      checkBatch(batch, this.#plan);
      this.#awaitsBackward = false;
      const { embeddings, results } = await this.#pass(batch, this.#batchOf(batch.shape));
      this.#statistics.advance(results, this.#nextStatistic);
      this.#awaitsBackward = true;
      return embeddings;
    });
  }

  backward(gradient: Float32Array): Promise<void> {
    return this.#exclusively('backward', async () => {
      const batch = this.#batch;
      if (!this.#awaitsBackward || batch === undefined) throw outOfOrder('backward', 'a forward before it');
      const { dims } = batch.kept.get(this.output)!;
      if (gradient.length !== dims[0]! * dims[1]!)
        throw new ShapeMismatchError(
          `gradient of length ${gradient.length}`,
          `${dims[0]! * dims[1]!} for embeddings [${dims.join(', ')}]`,
          'pass the gradient of the last embeddings, row-major.',
        );
      try {
        requireFinite('gradient', gradient);
      } catch (error) {
        this.#startAgain();
        throw error;
      }
      const seed = new this.#runtime.Tensor('float32', gradient, dims);
      const { backward, saved } = this.#plan.split;
      const kept = saved.map((name) => [name, batch.kept.get(name)!] as const);
      // Where the way back normalises once more, onnxruntime writes over the running statistics that it is given. What
      // it computes does not depend on them.
      const inputs = this.#inputs(backward, batch, this.#statistics.spare);
      const feeds = new Map([...inputs, ...kept, [this.#plan.seedInput, seed] as const]);
      this.#gradients.add(await this.#runners.backward.run(feeds, this.#gradients.targets()));
      this.#awaitsBackward = false;
    });
  }

  update(learningRate: number): Promise<LearnerUpdate> {
    return this.#exclusively('update', async () => {
      requireRange('learningRate', learningRate, 0, Number.MAX_VALUE);
      if (this.#gradients.count === 0) throw outOfOrder('update', 'a forward and a backward before it');
      this.#learningRate[0] = learningRate;
      this.#updateNumber[0] = this.#updates + 1;
      const state = this.#optimiser.targets(nextOf);
      const targets = new Map<string, RuntimeTensor | undefined>([
        ...this.#weights.targets(nextOf),
        ...state,
      ]);
      targets.set(GRADIENT_NORM, this.#gradientNorm);
      const results = await this.#runners.update.run(this.#updateFeeds(), targets);
      const gradientNorm = floats(this.#gradientNorm)[0]!;
      if (!Number.isFinite(gradientNorm)) throw this.#diverged(gradientNorm);
      this.#weights.advance(results, nextOf);
      this.#optimiser.advance(results, nextOf);
      this.#updates++;
      this.#settle();
      return { gradientNorm };
    });
  }

  gradients(): ReadonlyMap<string, TensorData> {
    this.#requireIdle('gradients');
    const sum = this.#gradients.read();
    const named = [...this.#plan.split.gradients].filter(([, output]) => sum.has(output));
    return new Map(named.map(([name, output]) => [name, sum.get(output)!]));
  }

  weights(): ReadonlyMap<string, TensorData> {
    this.#requireIdle('weights');
    return new Map([...this.#weights.read(), ...this.#statistics.read()]);
  }

  state(): TrainingState {
    this.#requireIdle('state');
    return {
      weights: this.#weights.read(),
      statistics: this.#statistics.read(),
      optimiser: this.#optimiser.read(),
      updates: this.#updates,
    };
  }

  load(state: Partial<TrainingState>): void {
    this.#requireIdle('load');
    const { weights = new Map(), statistics = new Map(), optimiser = new Map(), updates } = state;
    if (updates !== undefined) requireInteger('updates', updates, 0, Number.MAX_SAFE_INTEGER);
    this.#weights.check(weights, 'weight');
    this.#statistics.check(statistics, 'statistic');
    this.#optimiser.check(optimiser, 'optimiser state');
    this.#weights.write(weights, 'weight');
    this.#statistics.write(statistics, 'statistic');
    this.#optimiser.write(optimiser, 'optimiser state');
    this.#updates = updates ?? this.#updates;
    this.#settle();
  }

  exportModel(): Model {
    return withWeights(this.#model, this.weights());
  }

  async dispose(): Promise<void> {
    if (this.#state === 'disposed') return;
    this.#requireIdle('dispose');
    this.#state = 'disposed';
    this.#batch = undefined;
    await Promise.all(Object.values(this.#runners).map((runner) => runner.release()));
  }

  /** The way forward; the statistics that come of it are written beside those of now. */
  async #pass(
    { values, step, position }: LearnerBatch,
    batch: MicroBatch,
  ): Promise<{ readonly embeddings: Float32Array; readonly results: Tensors }> {
    batch.start(this.#runtime, values, { seed: this.#seed, step, position });
    const statistics = this.#statistics.targets(this.#nextStatistic);
    const targets = new Map([...batch.targets(), ...statistics]);
    const feeds = this.#inputs(this.#plan.split.forward, batch, this.#statistics.current);
    const results = await this.#runners.forward.run(feeds, targets);
    batch.keep(results);
    const embeddings = batch.kept.get(this.output)!;
    requireMatrix(this.output, embeddings.dims);
    requireFinite('embeddings', floats(embeddings));
    return { embeddings: floats(embeddings), results };
  }

  /** The last micro-batch's memory where the shape is the same. */
  #batchOf(shape: readonly number[]): MicroBatch {
    if (this.#batch?.fits(shape)) return this.#batch;
    // Given up before new memory is asked for.
    this.#batch = undefined;
    this.#batch = this.#newBatch(shape);
    return this.#batch;
  }

  #newBatch(shape: readonly number[]): MicroBatch {
    const outputs = [...new Set([this.output, ...this.#plan.split.saved])];
    return new MicroBatch(this.#runtime, this.#plan, outputs, [...shape]);
  }

  /** What a pass reads of images, masks, weights and statistics. */
  #inputs(model: Model, batch: MicroBatch, statistics: Tensors): Tensors {
    const given = [batch.inputs(this.input), this.#weights.current, statistics];
    const entries = graphOf(model).input.flatMap(({ name }) => {
      const tensor = given.find((tensors) => tensors.has(name))?.get(name);
      return tensor === undefined ? [] : [[name, tensor] as const];
    });
    return new Map(entries);
  }

  #updateFeeds(): Tensors {
    const gradients = [...this.#plan.split.gradients].map(
      ([name, output]) => [gradientOf(name), this.#gradients.sum.get(output)!] as const,
    );
    const feeds = new Map([...this.#weights.current, ...this.#optimiser.current, ...gradients]);
    feeds.set(LEARNING_RATE, new this.#runtime.Tensor('float32', this.#learningRate, []));
    if (this.#plan.optimiser.takesStep)
      feeds.set(STEP, new this.#runtime.Tensor('float32', this.#updateNumber, []));
    return feeds;
  }

  /** Where the next update starts from. */
  #settle(): void {
    this.#settled = this.#statistics.read();
    this.#awaitsBackward = false;
    this.#gradients.clear();
  }

  /** Forgets the micro-batches of an update that can't be made, and says which gradient is to blame. */
  #diverged(norm: number): NonFiniteError {
    const bad = this.#firstBadGradient() ?? new NonFiniteError('norm of the gradient', 0, norm);
    this.#startAgain();
    return bad;
  }

  /** Forgets the micro-batches since the last update. */
  #startAgain(): void {
    this.#statistics.write(this.#settled, 'statistic');
    this.#settle();
  }

  #firstBadGradient(): NonFiniteError | undefined {
    for (const [name, output] of this.#plan.split.gradients) {
      const values = floats(this.#gradients.sum.get(output)!);
      const index = values.findIndex((value) => !Number.isFinite(value));
      if (index >= 0) return new NonFiniteError(`gradient of ${name}`, index, values[index]!);
    }
    return undefined;
  }

  #requireIdle(call: string): void {
    if (this.#state === 'disposed') throw outOfOrder(call, 'a session that is not disposed');
    if (this.#state === 'busy') throw outOfOrder(call, 'that the pass before it has ended');
  }

  async #exclusively<T>(call: string, pass: () => Promise<T>): Promise<T> {
    this.#requireIdle(call);
    this.#state = 'busy';
    try {
      return await pass();
    } finally {
      this.#state = 'idle';
    }
  }
}

function outOfOrder(call: string, expected: string): BackendError {
  return new BackendError(`${call}()`, expected, 'await forward, backward and update one after the other.');
}

function requireMatrix(output: string, dims: readonly number[]): void {
  if (dims.length === 2) return;
  throw new ShapeMismatchError(
    `output '${output}' of shape [${dims.join(', ')}]`,
    'embeddings [B, d]',
    'add a Flatten to the model, or name another output.',
  );
}

function requireFinite(tensor: string, values: Float32Array): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) throw new NonFiniteError(tensor, index, values[index]!);
}
