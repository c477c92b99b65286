import { requireFiniteTensor } from '@cf/core';
import type { LearnerOptimiser, LearnerUpdate, ParameterKind } from '@cf/training';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { tfOps } from '../ops/tf-ops.ts';

/** A trained weight of a layers model. */
export interface TrainedVariable {
  /** Layer and number of the weight in it, such as `conv1/0`. */
  readonly name: string;
  readonly kind: ParameterKind;
  readonly variable: tf.Variable;
}

/** The trained weights of a model, in its order. */
export function trainedVariables(model: tfl.LayersModel): readonly TrainedVariable[] {
  return model.layers.flatMap((layer) =>
    layer.trainableWeights.map((weight, at) => ({
      name: `${layer.name}/${at}`,
      kind: kindOf(weight.originalName),
      variable: weight.read() as tf.Variable,
    })),
  );
}

/** @param name as Keras has it, such as `conv1/kernel` */
function kindOf(name: string): ParameterKind {
  if (/gamma|beta/.test(name)) return 'norm';
  if (/alpha/.test(name)) return 'slope';
  return /bias/.test(name) ? 'bias' : 'weight';
}

/** Beside the norm in the quotient, as in `torch.nn.utils.clip_grad_norm_`. */
const CLIP_EPSILON = 1e-6;

/** An optimiser's rule read with tensors, on the variables of a model. */
export class RuleOnVariables {
  readonly #variables: readonly TrainedVariable[];
  readonly #optimiser: LearnerOptimiser;
  /** The rule's numbers, by part and name of the variable, such as `momentum/conv1/0`. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** Gradients since the last update; undefined before the first. */
  #sums: tf.Tensor[] | undefined;
  updates = 0;

  constructor(variables: readonly TrainedVariable[], optimiser: LearnerOptimiser) {
    this.#variables = variables;
    this.#optimiser = optimiser;
    this.state = new Map(
      variables.flatMap(({ name, variable }) =>
        optimiser.rule.state.map(
          (part) => [`${part}/${name}`, tf.tidy(() => tf.variable(tf.zerosLike(variable), false))] as const,
        ),
      ),
    );
  }

  /** Adds the gradients of one micro-batch, in the order of the variables; undefined counts as 0. Frees them. */
  add(gradients: readonly (tf.Tensor | undefined)[]): void {
    const before = this.#sums;
    this.#sums = this.#variables.map(({ variable }, at) =>
      tf.tidy(() => {
        const gradient = gradients[at] ?? tf.zerosLike(variable);
        return tf.keep(before === undefined ? tf.clone(gradient) : tf.add(before[at]!, gradient));
      }),
    );
    tf.dispose([before ?? [], gradients.filter((gradient) => gradient !== undefined)]);
  }

  /** Drops the gradients since the last update. */
  forget(): void {
    tf.dispose(this.#sums ?? []);
    this.#sums = undefined;
  }

  /** One step. @throws NonFiniteError that names a weight whose gradient is not finite; nothing has moved then */
  async update(learningRate: number): Promise<LearnerUpdate> {
    try {
      const gradientNorm = await this.#norm();
      const { clipNorm } = this.#optimiser;
      const factor = clipNorm === undefined ? 1 : Math.min(1, clipNorm / (gradientNorm + CLIP_EPSILON));
      this.updates++;
      this.#variables.forEach((one, at) => {
        tf.tidy(() => this.#move(one, tf.mul(this.#sums![at]!, factor), learningRate));
      });
      return { gradientNorm };
    } finally {
      this.forget();
    }
  }

  async #norm(): Promise<number> {
    const squares = tf.tidy(() => tf.stack(this.#sums!.map((sum) => tf.sum(tf.square(sum)))));
    const values = Array.from(await squares.data());
    squares.dispose();
    for (const [at, { name }] of this.#variables.entries())
      requireFiniteTensor(`gradient of ${name}`, [values[at]!]);
    return Math.sqrt(values.reduce((total, value) => total + value, 0));
  }

  #move(one: TrainedVariable, gradient: tf.Tensor, learningRate: number): void {
    const { rule, settingsOf } = this.#optimiser;
    const { weightDecay, learningRateScale } = settingsOf(one);
    const own = (part: string): tf.Variable => this.state.get(`${part}/${one.name}`)!;
    const after = rule.update(tfOps, {
      weight: one.variable,
      gradient,
      state: Object.fromEntries(rule.state.map((part) => [part, own(part)])),
      learningRate: tf.scalar(learningRate * learningRateScale),
      weightDecay,
      updateNumber: tf.scalar(this.updates),
    });
    one.variable.assign(after.weight);
    for (const part of rule.state) own(part).assign(after.state[part]!);
  }

  dispose(): void {
    this.forget();
    tf.dispose([...this.state.values()]);
  }
}
