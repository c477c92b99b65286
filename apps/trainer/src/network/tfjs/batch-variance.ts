import * as tf from '@tensorflow/tfjs';
import { layersOf } from './layers-of.ts';

/**
 * Keeps the running variances of a model's normalisations unbiased. tfjs averages the variance of a batch over n;
 * PyTorch and @cf/onnx average the one over n − 1, where n is the batch times height times width.
 */
export class UnbiasedVariances {
  readonly #layers: readonly {
    readonly momentum: number;
    readonly places: number;
    readonly variable: tf.LayerVariable;
  }[];
  #before: tf.Tensor[] = [];

  constructor(model: tf.LayersModel) {
    this.#layers = layersOf(model)
      .filter((layer) => layer.getClassName() === 'BatchNormalization')
      .map((layer) => {
        const { momentum } = layer.getConfig() as { momentum: number };
        const places = (layer.input as tf.SymbolicTensor).shape
          .slice(1, -1)
          .reduce<number>((n, dim) => n * dim!, 1);
        // Means come before variances.
        return { momentum, places, variable: layer.nonTrainableWeights.at(-1)! };
      });
  }

  /** Before a forward pass in training. */
  remember(): void {
    this.#before = this.#layers.map(({ variable }) => tf.keep(tf.clone(variable.read())));
  }

  /** After it. */
  correct(batch: number): void {
    tf.tidy(() => {
      this.#layers.forEach(({ momentum, places, variable }, at) => {
        const count = batch * places;
        if (count < 2) return;
        const kept = tf.mul(this.#before[at]!, momentum);
        const added = tf.mul(tf.sub(variable.read(), kept), count / (count - 1));
        variable.write(tf.add(kept, added));
      });
    });
    tf.dispose(this.#before);
    this.#before = [];
  }
}
