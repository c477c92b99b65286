import {
  BackendError,
  type FloatArray,
  type OptionNames,
  requireFiniteTensor,
  requireKnownOptions,
  ShapeMismatchError,
  StateMismatchError,
} from '@cf/core';
import type {
  Learner,
  LearnerBatch,
  LearnerOptimiser,
  LearnerUpdate,
  NamedTensor,
  NamedTensors,
} from '@cf/training';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { readFloats } from '../ops/read.ts';
import { DropoutMasks } from './dropout-masks.ts';
import { RuleOnVariables, trainedVariables } from './rule-on-variables.ts';
import { RunningStatistics } from './running-statistics.ts';
import { RecordedPass } from './tape.ts';

/** How a layers model is trained. */
export interface TfjsLearnerOptions {
  /** What `learnerOptimiser` of `@cf/training` gives. */
  readonly optimiser: LearnerOptimiser;
  /** Keys the masks of dropout; 0 by default. */
  readonly seed?: number;
}

const OPTIONS: OptionNames<TfjsLearnerOptions> = { optimiser: true, seed: true };

/**
 * A layers model as the loop of `@cf/training` takes it, on the backend that is active. Pictures [B, C, H, W] become
 * [B, H, W, C]; other batches go in as they are. Its state is `weights/LAYER/N`, `statistics/LAYER/fixed/N`,
 * `optimiser/PART/LAYER/N` and `updates`.
 *
 * @param model one input, one output [B, d]; it is trained in place, and stays the caller's
 * @throws ShapeMismatchError if its output is not [B, d]
 */
export function tfjsLearner(model: tfl.LayersModel, options: TfjsLearnerOptions): Learner {
  requireKnownOptions('tfjsLearner', options, OPTIONS);
  return new TfjsLearner(model, options);
}

class TfjsLearner implements Learner {
  readonly embeddingSize: number;
  readonly #model: tfl.LayersModel;
  readonly #seed: number;
  readonly #variables: readonly tf.Variable[];
  readonly #rule: RuleOnVariables;
  readonly #masks: DropoutMasks;
  readonly #statistics: RunningStatistics;
  /** Everything that a state holds, by name. */
  readonly #kept: ReadonlyMap<string, tf.Variable>;
  #pass: RecordedPass | undefined;

  constructor(model: tfl.LayersModel, { optimiser, seed = 0 }: TfjsLearnerOptions) {
    this.embeddingSize = embeddingSizeOf(model);
    this.#model = model;
    this.#seed = seed;
    const trained = trainedVariables(model);
    this.#variables = trained.map(({ variable }) => variable);
    this.#rule = new RuleOnVariables(trained, optimiser);
    this.#masks = new DropoutMasks(model);
    this.#statistics = new RunningStatistics(model);
    this.#kept = new Map([
      ...trained.map(({ name, variable }) => [`weights/${name}`, variable] as const),
      ...model.layers.flatMap((layer) =>
        layer.nonTrainableWeights.map(
          (weight, at) => [`statistics/${layer.name}/fixed/${at}`, weight.read() as tf.Variable] as const,
        ),
      ),
      ...[...this.#rule.state].map(([name, variable]) => [`optimiser/${name}`, variable] as const),
    ]);
  }

  async embed(batch: LearnerBatch): Promise<Float32Array> {
    const embeddings = this.#statistics.keptBy(() => tf.tidy(() => this.#apply(batch)));
    try {
      return await finite('embeddings', embeddings);
    } finally {
      embeddings.dispose();
    }
  }

  async forward(batch: LearnerBatch): Promise<Float32Array> {
    this.#forgetPass();
    const { result } = this.#statistics.movedBy(batch.shape[0]!, () => {
      this.#pass = new RecordedPass(() => this.#apply(batch));
      return this.#pass;
    });
    return finite('embeddings', result);
  }

  async backward(gradient: FloatArray): Promise<void> {
    const pass = this.#pass;
    if (pass === undefined)
      throw new BackendError('backward()', 'a forward before it', 'await forward, then backward.');
    const incoming = tf.tensor(Float32Array.from(gradient), pass.result.shape);
    try {
      await finite('gradient', incoming);
      this.#rule.add(pass.back(incoming, this.#variables));
    } finally {
      incoming.dispose();
      this.#forgetPass();
    }
  }

  update(learningRate: number): Promise<LearnerUpdate> {
    return this.#rule.update(learningRate);
  }

  async state(): Promise<NamedTensors> {
    const entries = [...this.#kept].map(async ([name, variable]) => {
      const data = Float32Array.from(await variable.data());
      return [name, { shape: variable.shape, data }] as const;
    });
    const updates = { shape: [], data: Float64Array.of(this.#rule.updates) };
    return new Map<string, NamedTensor>([...(await Promise.all(entries)), ['updates', updates]]);
  }

  async load(state: NamedTensors): Promise<void> {
    const shapes = new Map([...this.#kept].map(([name, { shape }]) => [name, shape as readonly number[]]));
    checkState(state, shapes.set('updates', []));
    for (const [name, variable] of this.#kept)
      tf.tidy(() =>
        variable.assign(tf.tensor(state.get(name)!.data as Float32Array, variable.shape, 'float32')),
      );
    this.#rule.updates = state.get('updates')!.data[0]!;
    this.#rule.forget();
    this.#forgetPass();
  }

  async dispose(): Promise<void> {
    this.#forgetPass();
    this.#rule.dispose();
    this.#masks.dispose();
  }

  #apply({ values, shape, step, position }: LearnerBatch): tf.Tensor {
    this.#masks.draw({ seed: this.#seed, step, position }, shape[0]!);
    const input = tf.tensor(values, [...shape]);
    const placed = shape.length === 4 ? tf.transpose(input, [0, 2, 3, 1]) : input;
    return this.#model.apply(placed, { training: true }) as tf.Tensor;
  }

  #forgetPass(): void {
    this.#pass?.dispose();
    this.#pass = undefined;
  }
}

function embeddingSizeOf({ outputShape }: tfl.LayersModel): number {
  const [, size, ...more] = outputShape as tfl.Shape;
  if (typeof size === 'number' && more.length === 0) return size;
  throw new ShapeMismatchError(
    `a model with output [${String(outputShape)}]`,
    'embeddings [B, d]',
    'add a flatten or dense layer at its end.',
  );
}

async function finite(what: string, tensor: tf.Tensor): Promise<Float32Array> {
  const values = await readFloats(tensor);
  requireFiniteTensor(what, values);
  return values;
}

/** @throws StateMismatchError unless names and shapes are those of the model */
function checkState(state: NamedTensors, shapes: ReadonlyMap<string, readonly number[]>): void {
  for (const name of new Set([...shapes.keys(), ...state.keys()])) {
    const [given, expected] = [state.get(name)?.shape, shapes.get(name)].map((shape) =>
      shape === undefined ? 'absent' : `[${shape.join(', ')}]`,
    );
    if (given === expected) continue;
    throw new StateMismatchError(
      `tensor '${name}' ${given}`,
      `${expected}, as in this model`,
      'load a state that was saved with the same model and optimiser.',
    );
  }
}
