import { graphOf, type Model } from '../model/model.ts';
import { knownSize } from '../passes/inspection/layer-costs.ts';
import { forwardValues } from '../passes/training-form/forward-values.ts';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { ValueTable } from '../shapes/value-table.ts';
import type { BatchPasses, Forwarded, Targets, TrainingPasses } from './passes.ts';
import type { TrainingPlan } from './plan.ts';
import type { Runner, Tensors } from './runner.ts';
import { zeros } from './tensor-store.ts';

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

  newBatch(shape: readonly number[]): BatchPasses {
    return new GraphBatch(this.#runtime, this.#plan, this.#runners, shape);
  }

  async release(): Promise<void> {
    await Promise.all(Object.values(this.#runners).map((runner) => runner.release()));
  }
}

/**
 * What the forward graph keeps for the backward one. Fresh pages cost more than what is computed into them, so the next
 * micro-batch takes the same memory. It is made beforehand, as far as shapes are known: what the runtime makes lies there
 * twice, and stays.
 */
class GraphBatch implements BatchPasses {
  readonly #runtime: OnnxRuntime;
  readonly #plan: TrainingPlan;
  readonly #runners: DirectionRunners;
  readonly #outputs: readonly string[];
  #kept: Tensors = new Map();

  constructor(runtime: OnnxRuntime, plan: TrainingPlan, runners: DirectionRunners, shape: readonly number[]) {
    this.#runtime = runtime;
    this.#plan = plan;
    this.#runners = runners;
    this.#outputs = [...new Set([plan.form.output, ...plan.split.saved])];
    const values = forwardValues({ ...plan, input: plan.input.name }, shape);
    const made = this.#outputs.map((name) => [name, emptyTensor(runtime, values, name)] as const);
    this.#kept = new Map(made.flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor]])));
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

/** A tensor for a value; undefined where its type or shape is not known. */
function emptyTensor(runtime: OnnxRuntime, values: ValueTable, name: string): RuntimeTensor | undefined {
  const [type, shape] = [values.type(name), values.shape(name)];
  const size = knownSize(shape);
  if (size === undefined) return undefined;
  const dims = shape as readonly number[];
  if (type === 'float32') return zeros(runtime, dims);
  if (type === 'int64') return new runtime.Tensor(type, new BigInt64Array(size), dims);
  return type === 'bool' ? new runtime.Tensor(type, new Uint8Array(size), dims) : undefined;
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
