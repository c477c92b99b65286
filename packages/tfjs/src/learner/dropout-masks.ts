import { type DropoutKeys, fillDropoutMask } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { flattenedFrom } from '../networks/weight-layout.ts';
import { layersOf } from './layers-of.ts';

/** Decides what the dropout layers of a model keep, by keys alone, as other engines do. */
export class DropoutMasks {
  readonly #layers: readonly tfl.layers.Layer[];
  readonly #drawn: Map<tfl.layers.Layer, tf.Tensor> = new Map();

  constructor(model: tfl.LayersModel) {
    this.#layers = layersOf(model).filter((layer) => layer.getClassName() === 'Dropout');
    for (const layer of this.#layers) {
      layer.call = (inputs, kwargs) => {
        const x = Array.isArray(inputs) ? inputs[0]! : inputs;
        const mask = this.#drawn.get(layer);
        return kwargs?.training === true && mask !== undefined ? tf.mul(x, mask) : tf.clone(x);
      };
    }
  }

  /** Draws masks for the next pass, of `count` samples. */
  draw(keys: DropoutKeys, count: number): void {
    this.dispose();
    for (const layer of this.#layers) {
      const mask = tf.tidy(() => maskOf(layer, keys, count));
      this.#drawn.set(layer, tf.keep(mask));
    }
  }

  dispose(): void {
    tf.dispose([...this.#drawn.values()]);
    this.#drawn.clear();
  }
}

/** Masks have flattened images in the order C, H, W; here they come in the order H, W, C. */
function maskOf(layer: tfl.layers.Layer, keys: DropoutKeys, count: number): tf.Tensor {
  const { rate } = layer.getConfig() as { rate: number };
  const sample = (layer.input as tfl.SymbolicTensor).shape.slice(1) as number[];
  const size = tf.util.sizeFromShape(sample);
  const values = new Float32Array(count * size);
  fillDropoutMask(values, size, { name: `mask/${layer.name}`, ratio: rate }, keys);
  const [height, width, channels] = flattenedFrom(layer) as [number?, number?, number?];
  if (channels === undefined) return tf.tensor(values, [count, ...sample]);
  const image = tf.tensor4d(values, [count, channels, height!, width!]);
  return tf.reshape(tf.transpose(image, [0, 2, 3, 1]), [count, ...sample]);
}
