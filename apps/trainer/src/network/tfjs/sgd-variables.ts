import { NonFiniteError } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import type { NetworkTraining } from '../../settings/train-config.ts';

/** A trained weight of a layers model. */
export interface TrainedVariable {
  /** Layer and number of the weight in it, such as `conv1/0`. */
  readonly name: string;
  readonly variable: tf.Variable;
  /** Kernels decay; biases, slopes and what normalisations learn do not. */
  readonly decays: boolean;
}

/** The trained weights of a model, in its order. */
export function trainedVariables(model: tf.LayersModel): readonly TrainedVariable[] {
  return model.layers.flatMap((layer) =>
    layer.trainableWeights.map((weight, at) => ({
      name: `${layer.name}/${at}`,
      variable: weight.read() as tf.Variable,
      decays: /kernel/.test(weight.originalName),
    })),
  );
}

/** SGD with momentum and coupled weight decay, as PyTorch has it. */
export class SgdOnVariables {
  readonly #variables: readonly TrainedVariable[];
  readonly #velocities: readonly tf.Variable[];
  readonly #sums: (tf.Tensor | undefined)[];
  readonly #options: Pick<NetworkTraining, 'momentum' | 'weightDecay'>;

  constructor(
    variables: readonly TrainedVariable[],
    options: Pick<NetworkTraining, 'momentum' | 'weightDecay'>,
  ) {
    this.#variables = variables;
    this.#options = options;
    this.#velocities = variables.map(({ variable }) => tf.variable(tf.zerosLike(variable), false));
    this.#sums = variables.map(() => undefined);
  }

  get velocities(): ReadonlyMap<string, tf.Variable> {
    return new Map(this.#variables.map(({ name }, at) => [name, this.#velocities[at]!]));
  }

  /** Adds a share of the gradients of one micro-batch, in the order of the variables. Frees them. */
  add(gradients: readonly tf.Tensor[], share: number): void {
    gradients.forEach((gradient, at) => {
      const before = this.#sums[at];
      this.#sums[at] = tf.tidy(() => {
        const part = tf.mul(gradient, share);
        return before === undefined ? part : tf.add(before, part);
      });
      tf.keep(this.#sums[at]!);
      before?.dispose();
      gradient.dispose();
    });
  }

  /** One step. @throws NonFiniteError that names a weight whose gradient is not finite; nothing has moved then */
  async update(learningRate: number): Promise<{ readonly gradientNorm: number }> {
    const sums = this.#sums.map((sum, at) => sum ?? tf.zerosLike(this.#velocities[at]!));
    this.#sums.fill(undefined);
    const squares = tf.tidy(() => tf.stack(sums.map((sum) => tf.sum(tf.square(sum)))));
    const values = Array.from(await squares.data());
    squares.dispose();
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      tf.dispose(sums);
      throw new NonFiniteError(`gradient of ${this.#variables[bad]!.name}`, 0, values[bad]!);
    }
    const { momentum, weightDecay } = this.#options;
    tf.tidy(() => {
      this.#variables.forEach(({ variable, decays }, at) => {
        const gradient = decays ? tf.add(sums[at]!, tf.mul(variable, weightDecay)) : sums[at]!;
        const velocity = tf.add(tf.mul(this.#velocities[at]!, momentum), gradient);
        this.#velocities[at]!.assign(velocity);
        variable.assign(tf.sub(variable, tf.mul(velocity, learningRate)));
      });
    });
    tf.dispose(sums);
    return { gradientNorm: Math.sqrt(values.reduce((total, value) => total + value, 0)) };
  }

  dispose(): void {
    tf.dispose([...this.#velocities]);
    for (const sum of this.#sums) sum?.dispose();
  }
}
