import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { layersOf } from './layers-of.ts';

/**
 * The running statistics of a model's normalisations, with variances that are unbiased: tfjs averages the variance of a
 * batch over n; PyTorch and ONNX trainers average the one over n − 1, where n is the batch times height times width.
 */
export class RunningStatistics {
  readonly #variables: readonly tfl.LayerVariable[];
  readonly #variances: readonly {
    readonly momentum: number;
    readonly places: number;
    readonly variable: tfl.LayerVariable;
  }[];

  constructor(model: tfl.LayersModel) {
    const layers = layersOf(model).filter((layer) => layer.getClassName() === 'BatchNormalization');
    this.#variables = layers.flatMap((layer) => layer.nonTrainableWeights);
    this.#variances = layers.map((layer) => {
      const { momentum } = layer.getConfig() as { momentum: number };
      const shape = (layer.input as tfl.SymbolicTensor).shape as number[];
      const places = tf.util.sizeFromShape(shape.slice(1, -1));
      // Means come before variances.
      return { momentum, places, variable: layer.nonTrainableWeights.at(-1)! };
    });
  }

  /** Runs a pass in training that leaves them as they are. */
  keptBy<T>(pass: () => T): T {
    const before = this.#variables.map((variable) => tf.keep(tf.clone(variable.read())));
    try {
      return pass();
    } finally {
      for (const [at, variable] of this.#variables.entries()) variable.write(before[at]!);
      tf.dispose(before);
    }
  }

  /** Runs a pass in training on a batch of this size, which moves them. */
  movedBy<T>(batch: number, pass: () => T): T {
    const before = this.#variances.map(({ variable }) => tf.keep(tf.clone(variable.read())));
    const result = pass();
    tf.tidy(() => {
      this.#variances.forEach(({ momentum, places, variable }, at) => {
        const count = batch * places;
        if (count < 2) return;
        const kept = tf.mul(before[at]!, momentum);
        const added = tf.mul(tf.sub(variable.read(), kept), count / (count - 1));
        variable.write(tf.add(kept, added));
      });
    });
    tf.dispose(before);
    return result;
  }
}
