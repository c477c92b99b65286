import { type DropoutKeys, fillDropoutMask } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
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
  /** Position in a sample of the mask → position here: flattened features come in the order H, W, C here. */
  readonly #order: Int32Array | undefined;
  #drawn: tf.Tensor | undefined;

  constructor(layer: tf.layers.Layer) {
    const { rate } = layer.getConfig() as { rate: number };
    this.#layer = { name: `mask/${layer.name}`, ratio: rate };
    this.#sample = (layer.input as tf.SymbolicTensor).shape.slice(1) as number[];
    this.#order = orderOfFlattened(layer);
    layer.call = (inputs, kwargs) =>
      tf.tidy(() => {
        const x = Array.isArray(inputs) ? inputs[0]! : inputs;
        return kwargs?.training === true && this.#drawn !== undefined ? tf.mul(x, this.#drawn) : tf.clone(x);
      });
  }

  draw(keys: DropoutKeys, count: number): void {
    this.dispose();
    const size = this.#sample.reduce((product, dim) => product * dim, 1);
    const values = new Float32Array(count * size);
    fillDropoutMask(values, size, this.#layer, keys);
    const ordered = this.#order === undefined ? values : reordered(values, this.#order);
    this.#drawn = tf.keep(tf.tensor(ordered, [count, ...this.#sample]));
  }

  dispose(): void {
    this.#drawn?.dispose();
    this.#drawn = undefined;
  }
}

/** Where the layer comes right after a flattening of [H, W, C]: the place in C, H, W of each number. */
function orderOfFlattened(layer: tf.layers.Layer): Int32Array | undefined {
  const before = (layer.input as tf.SymbolicTensor).sourceLayer;
  if (before.getClassName() !== 'Flatten') return undefined;
  const [, height, width, channels] = (before.input as tf.SymbolicTensor).shape as [
    null,
    number,
    number,
    number,
  ];
  if (channels === undefined) return undefined;
  const order = new Int32Array(height * width * channels);
  let next = 0;
  for (let place = 0; place < height * width; place++)
    for (let c = 0; c < channels; c++) order[next++] = c * height * width + place;
  return order;
}

function reordered(values: Float32Array, order: Int32Array): Float32Array {
  const size = order.length;
  return values.map((_, at) => values[at - (at % size) + order[at % size]!]!);
}
