import type { OnnxRuntime, RuntimeTensor } from '../../runtime/onnx-runtime.ts';
import type { BatchPasses, Forwarded, PassOptions, Targets, TrainingPasses } from '../../training/passes.ts';
import type { TrainingPlan } from '../../training/plan.ts';
import type { Tensors } from '../../training/runner.ts';
import { floats, zeros } from '../../training/tensor-store.ts';
import type { OneDnnApi } from './api.ts';
import { moveStatistics } from './move-statistics.ts';
import { Network } from './network.ts';
import { type NetworkProgram, networkBytes, networkProgram } from './network-program.ts';
import { othersTurn } from './others-turn.ts';

/** A training on oneDNN. */
export class OneDnnPasses implements TrainingPasses {
  readonly #api: OneDnnApi;
  readonly #plan: TrainingPlan;
  readonly #options: PassOptions;

  /** @throws UnsupportedOperatorError naming every node that is not known here */
  constructor(api: OneDnnApi, plan: TrainingPlan, options: PassOptions) {
    this.#api = api;
    this.#plan = plan;
    this.#options = options;
    // What is refused is refused before the first batch, as far as sizes are known.
    const { name, shape = [] } = plan.input;
    const [, ...sample] = shape;
    if (sample.every((size) => typeof size === 'number')) this.newBatch([2, ...sample]).release();
    else
      new Network(
        plan.form,
        name,
        shape.map((size, axis) => size ?? `size/${axis}`),
      );
  }

  #network(shape: readonly number[]): Network {
    // What ranks meet over comes between the statistics and what is normalised by them.
    const fuses = this.#options.synchronise === undefined;
    return new Network(this.#plan.form, this.#plan.input.name, shape, fuses);
  }

  newBatch(shape: readonly number[]): BatchPasses {
    const { activations, synchronise } = this.#options;
    const setThreads = (): void => this.#api.library.setThreads(this.#options.threads);
    setThreads();
    return new OneDnnBatch(this.#options.runtime, this.#plan, {
      ...networkProgram(this.#api, this.#network(shape), activations === 'saved', synchronise),
      setThreads,
    });
  }

  bytes(shape: readonly number[], activations: PassOptions['activations']): number {
    return networkBytes(this.#api, this.#network(shape), activations === 'saved', this.#options.synchronise);
  }

  async release(): Promise<void> {}
}

interface ThreadedProgram extends NetworkProgram {
  readonly setThreads: () => void;
}

class OneDnnBatch implements BatchPasses {
  readonly #runtime: OnnxRuntime;
  readonly #plan: TrainingPlan;
  readonly #network: ThreadedProgram;
  readonly #embeddings: RuntimeTensor;

  constructor(runtime: OnnxRuntime, plan: TrainingPlan, network: ThreadedProgram) {
    this.#runtime = runtime;
    this.#plan = plan;
    this.#network = network;
    this.#embeddings = zeros(runtime, network.output.dims);
    network.program.hand(network.output, floats(this.#embeddings));
    for (const { value, data } of network.constants) network.program.hand(value, data);
  }

  async forward(feeds: Tensors, statistics: Tensors): Promise<Forwarded> {
    const { program, middle, setThreads } = this.#network;
    this.#hand(feeds);
    await program.run(0, middle, setThreads);
    const { form } = this.#plan;
    moveStatistics(program, this.#network.statistics, { form, feeds, targets: statistics });
    return { embeddings: this.#embeddings, statistics };
  }

  async backward(
    feeds: Tensors,
    gradient: Float32Array,
    targets: Targets,
    ready?: (name: string, gradient: RuntimeTensor) => boolean,
  ): Promise<Tensors> {
    const { program, seed, gradients, delivered, middle, end, setThreads } = this.#network;
    this.#hand(feeds);
    program.hand(seed, gradient);
    const results = new Map(
      this.#plan.form.parameters.map(
        ({ name, dims }) => [name, targets.get(name) ?? zeros(this.#runtime, dims)] as const,
      ),
    );
    for (const [name, tensor] of results) {
      const target = gradients.get(name);
      if (target === undefined) floats(tensor).fill(0);
      else program.hand(target, floats(tensor));
    }
    const stops = delivered.map(({ name, position }) => ({
      position,
      run: () => (ready!(name, results.get(name)!) ? othersTurn() : undefined),
    }));
    await program.run(middle, end, setThreads, ready && stops);
    return results;
  }

  release(): void {
    this.#network.program.release();
  }

  #hand(feeds: Tensors): void {
    const { program, inputs } = this.#network;
    for (const [name, value] of inputs) program.hand(value, floats(feeds.get(name)!));
  }
}
