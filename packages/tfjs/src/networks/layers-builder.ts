import { requireChoice, requireInteger } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { drawWeights } from './first-weights.ts';
import { setLayersWeights } from './layers-weights.ts';
import type { NamedWeight } from './weight-layout.ts';

/** Name of every network's input layer: [N, H, W, 3], RGB, 0 to 255. */
export const NETWORK_INPUT = 'data';

/** What all networks can be told. */
export interface NetworkOptions {
  /** Seed of the weights, an integer; 0 by default. */
  readonly seed?: number;
  /** `zeros` skips the drawing of numbers, for weights that will be loaded; `seeded` by default. */
  readonly weights?: 'seeded' | 'zeros';
}

/** A convolution without bias, with the same padding on all four sides. */
export interface ConvOptions {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  /** 1 (the default), or as many as there are channels. */
  readonly groups?: number;
}

type Draw = (seed: number) => [string, NamedWeight];

/**
 * Writes a network layer by layer. Layers have the names that the modules of the same network have in PyTorch and in
 * an ONNX file of it, so weights can be exchanged by name.
 */
export class LayersBuilder {
  readonly #name: string;
  readonly #options: NetworkOptions;
  readonly #convStd: (options: ConvOptions) => number;
  readonly #draws: Draw[] = [];
  #input: tf.SymbolicTensor | undefined;

  /**
   * @param convStd standard deviation of a convolution's first weights
   * @throws OptionOutOfRangeError
   */
  constructor(name: string, options: NetworkOptions, convStd: (options: ConvOptions) => number) {
    const { seed = 0, weights = 'seeded' } = options;
    requireInteger('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    requireChoice('weights', weights, ['seeded', 'zeros']);
    this.#name = name;
    this.#options = options;
    this.#convStd = convStd;
  }

  /** Pixels 0 to 255 as (x − 127.5) / scale. */
  pixels(size: number, scale: number): tf.SymbolicTensor {
    this.#input = tf.input({ shape: [size, size, 3], name: NETWORK_INPUT });
    const layer = tf.layers.rescaling({ name: 'scaled', scale: 1 / scale, offset: -127.5 / scale });
    return layer.apply(this.#input) as tf.SymbolicTensor;
  }

  /** Padding is a layer of its own: `same` pads unevenly where the stride is 2 and the side even. */
  conv(x: tf.SymbolicTensor, name: string, options: ConvOptions): tf.SymbolicTensor {
    const { from, to, kernel, stride = 1, padding = 0, groups = 1 } = options;
    const std = this.#convStd(options);
    const dims = [to, from / groups, kernel, kernel];
    this.#draws.push((seed) => drawWeights.normal(seed, `${name}.weight`, dims, std));
    const isSame = stride === 1 && 2 * padding === kernel - 1;
    const input =
      isSame || padding === 0
        ? x
        : apply(tf.layers.zeroPadding2d({ name: `${name}.pad`, padding: [padding, padding] }), x);
    const shared = {
      name,
      kernelSize: kernel,
      strides: stride,
      padding: isSame ? 'same' : 'valid',
      useBias: false,
    } as const;
    return apply(
      groups === 1
        ? tf.layers.conv2d({ ...shared, filters: to, kernelInitializer: 'zeros' })
        : tf.layers.depthwiseConv2d({ ...shared, depthwiseInitializer: 'zeros' }),
      input,
    );
  }

  batchNorm(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    return apply(tf.layers.batchNormalization({ name, epsilon: 1e-5, momentum: 0.9 }), x);
  }

  /** One slope a channel, 0.25 at first. */
  prelu(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    const alphaInitializer = tf.initializers.constant({ value: 0.25 });
    return apply(tf.layers.prelu({ name, sharedAxes: [1, 2], alphaInitializer }), x);
  }

  /** y = x · W + b, W and b uniform in ±1/√from, as PyTorch's linear layers start. */
  linear(x: tf.SymbolicTensor, name: string, from: number, to: number): tf.SymbolicTensor {
    const bound = 1 / Math.sqrt(from);
    this.#draws.push((seed) => drawWeights.uniform(seed, `${name}.weight`, [to, from], bound));
    this.#draws.push((seed) => drawWeights.uniform(seed, `${name}.bias`, [to], bound));
    return apply(tf.layers.dense({ name, units: to, kernelInitializer: 'zeros' }), x);
  }

  dropout(x: tf.SymbolicTensor, name: string, rate: number): tf.SymbolicTensor {
    return apply(tf.layers.dropout({ name, rate }), x);
  }

  flatten(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    return apply(tf.layers.flatten({ name }), x);
  }

  add(a: tf.SymbolicTensor, b: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    return tf.layers.add({ name }).apply([a, b]) as tf.SymbolicTensor;
  }

  /** The network, with `x` as its embedding [N, d]. */
  finish(x: tf.SymbolicTensor): tf.LayersModel {
    const model = tf.model({ name: this.#name, inputs: this.#input!, outputs: x });
    const { seed = 0, weights = 'seeded' } = this.#options;
    if (weights === 'seeded') setLayersWeights(model, new Map(this.#draws.map((draw) => draw(seed))));
    return model;
  }
}

function apply(layer: tf.layers.Layer, x: tf.SymbolicTensor): tf.SymbolicTensor {
  return layer.apply(x) as tf.SymbolicTensor;
}
