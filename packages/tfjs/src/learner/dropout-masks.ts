import { type DropoutKeys, fillDropoutMask } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { flattenedFrom } from '../networks/weight-layout.ts';
import { layersOf } from './layers-of.ts';

/** Decides what the dropout layers of a model keep, by keys alone, as other engines do. */
export class DropoutMasks {
  readonly #layers: readonly SeededDropout[];

  constructor(model: tf.LayersModel) {
    this.#layers = layersOf(model)
      .filter((layer) => layer.getClassName() === 'Dropout')
      .map((layer) => new SeededDropout(layer));
  }

  /** Draws masks for the next pass, of `count` samples. */
  draw(keys: DropoutKeys, count: number): void {
    for (const layer of this.#layers) layer.draw(keys, count);
  }

  dispose(): void {
    for (const layer of this.#layers) layer.dispose();
  }
}

class SeededDropout {
  readonly #layer: { readonly name: string; readonly ratio: number };
  readonly #sample: readonly number[];
  /** [H, W, C] of the image whose flattened features the layer gets in this order, where masks have C, H, W. */
  readonly #image: readonly number[];
  #drawn: tf.Tensor | undefined;

  constructor(layer: tf.layers.Layer) {
    const { rate } = layer.getConfig() as { rate: number };
    this.#layer = { name: `mask/${layer.name}`, ratio: rate };
    this.#sample = (layer.input as tf.SymbolicTensor).shape.slice(1) as number[];
    this.#image = flattenedFrom(layer);
    layer.call = (inputs, kwargs) =>
      tf.tidy(() => {
        const x = Array.isArray(inputs) ? inputs[0]! : inputs;
        return kwargs?.training === true && this.#drawn !== undefined ? tf.mul(x, this.#drawn) : tf.clone(x);
      });
  }

  draw(keys: DropoutKeys, count: number): void {
    this.dispose();
    const shape = [count, ...this.#sample];
    const size = tf.util.sizeFromShape([...this.#sample]);
    const values = new Float32Array(count * size);
    fillDropoutMask(values, size, this.#layer, keys);
    this.#drawn = tf.tidy(() => {
      if (this.#image.length !== 3) return tf.tensor(values, shape);
      const [height, width, channels] = this.#image as [number, number, number];
      const image = tf.tensor4d(values, [count, channels, height, width]);
      return tf.reshape(tf.transpose(image, [0, 2, 3, 1]), shape);
    });
    tf.keep(this.#drawn);
  }

  dispose(): void {
    this.#drawn?.dispose();
    this.#drawn = undefined;
  }
}
