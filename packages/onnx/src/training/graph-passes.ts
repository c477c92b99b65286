import { graphOf, type Model } from '../model/model.ts';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { BatchPasses, Forwarded, Targets, TrainingPasses } from './passes.ts';
import type { TrainingPlan } from './plan.ts';
import type { Runner, Tensors } from './runner.ts';

/** The runners of both directions. */
export type DirectionRunners = Readonly<Record<'forward' | 'backward', Runner>>;

/** A training as two graphs of a runtime. */
export class GraphPasses implements TrainingPasses {
  readonly #runtime: OnnxRuntime;
  readonly #plan: TrainingPlan;
  readonly #runners: DirectionRunners;

  constructor(runtime: OnnxRuntime, plan: TrainingPlan, runners: DirectionRunners) {
    this.#runtime = runtime;
    this.#plan = plan;
    this.#runners = runners;
  }

  newBatch(): BatchPasses {
    return new GraphBatch(this.#runtime, this.#plan, this.#runners);
  }

  async release(): Promise<void> {
    await Promise.all(Object.values(this.#runners).map((runner) => runner.release()));
  }
}

/**
 * What the forward graph keeps for the backward one. Fresh pages cost more than what is computed into them, so the next
 * micro-batch takes the same memory.
 */
class GraphBatch implements BatchPasses {
  readonly #runtime: OnnxRuntime;
  readonly #plan: TrainingPlan;
  readonly #runners: DirectionRunners;
  readonly #outputs: readonly string[];
  #kept: Tensors = new Map();

  constructor(runtime: OnnxRuntime, plan: TrainingPlan, runners: DirectionRunners) {
    this.#runtime = runtime;
    this.#plan = plan;
    this.#runners = runners;
    this.#outputs = [...new Set([plan.form.output, ...plan.split.saved])];
  }

  async forward(feeds: Tensors, statistics: Tensors): Promise<Forwarded> {
    const targets = new Map<string, RuntimeTensor | undefined>([
      ...this.#outputs.map((name) => [name, this.#kept.get(name)] as const),
      ...statistics,
    ]);
    const results = await this.#runners.forward.run(inputsOf(this.#plan.split.forward, feeds), targets);
    this.#kept = new Map(this.#outputs.map((name) => [name, results.get(name)!]));
    return { embeddings: results.get(this.#plan.form.output)!, statistics: results };
  }

  async backward(feeds: Tensors, gradient: Float32Array, targets: Targets): Promise<Tensors> {
    const { backward, saved, gradients } = this.#plan.split;
    const { dims } = this.#kept.get(this.#plan.form.output)!;
    const seed = new this.#runtime.Tensor('float32', gradient, dims);
    const kept = saved.map((name) => [name, this.#kept.get(name)!] as const);
    const given = new Map([...inputsOf(backward, feeds), ...kept, [this.#plan.seedInput, seed] as const]);
    const wanted = new Map([...gradients].map(([name, output]) => [output, targets.get(name)]));
    const results = await this.#runners.backward.run(given, wanted);
    return new Map([...gradients].map(([name, output]) => [name, results.get(output)!]));
  }

  release(): void {
    this.#kept = new Map();
  }
}

/** What a pass reads of images, masks, weights and statistics. */
function inputsOf(model: Model, feeds: Tensors): Tensors {
  return new Map(
    graphOf(model).input.flatMap(({ name }) => {
      const tensor = feeds.get(name);
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
}
