import type {
  Backbone,
  BatchNormalization,
  Convolution,
  FirstWeight,
  NetworkWriter,
  Pixels,
} from '@cf/backbones';
import { requireChoice } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { setLayersWeights } from './layers-weights.ts';

/**
 * A backbone as a layers model with its first weights: `data` [N, H, W, 3], RGB 0 to 255, to the embedding [N, d]. Its
 * layers have the names of the ONNX model's nodes, so weights are exchanged by name ({@link setLayersWeights}).
 *
 * A weight that training leaves as it is (`features.weight` of iresnet) is not trainable; files of layers models do not
 * keep this.
 *
 * @throws OptionOutOfRangeError if a convolution has groups other than one or a channel each
 */
export function layersModel(backbone: Backbone): tf.LayersModel {
  const writer = new LayersWriter();
  return writer.finish(backbone.name, backbone.write(writer));
}

class LayersWriter implements NetworkWriter<tf.SymbolicTensor> {
  readonly #weights = new Map<string, FirstWeight>();
  #input: tf.SymbolicTensor | undefined;

  pixels({ size, mean, scale }: Pixels): tf.SymbolicTensor {
    this.#input = tf.input({ shape: [size, size, 3], name: 'data' });
    return apply(
      tf.layers.rescaling({ name: 'scaled', scale: 1 / scale, offset: -mean / scale }),
      this.#input,
    );
  }

  /** Padding is a layer of its own: `same` pads unevenly where the stride is 2 and the side even. */
  conv(
    x: tf.SymbolicTensor,
    name: string,
    layer: Convolution & { readonly weight: FirstWeight },
  ): tf.SymbolicTensor {
    const { from, to, kernel, stride, padding, groups, weight } = layer;
    requireChoice('groups', groups, [1, from]);
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
    return this.#layer(
      groups === 1
        ? tf.layers.conv2d({ ...shared, filters: to, kernelInitializer: 'zeros' })
        : tf.layers.depthwiseConv2d({ ...shared, depthwiseInitializer: 'zeros' }),
      input,
      weight,
    );
  }

  batchNorm(x: tf.SymbolicTensor, name: string, layer: BatchNormalization): tf.SymbolicTensor {
    const { weight, bias, mean, variance, epsilon, momentum, isWeightFixed } = layer;
    const norm = tf.layers.batchNormalization({ name, epsilon, momentum });
    const y = this.#layer(norm, x, weight, bias, mean, variance);
    if (isWeightFixed) norm.weights[0]!.trainable = false;
    return y;
  }

  prelu(x: tf.SymbolicTensor, name: string, { weight }: { readonly weight: FirstWeight }): tf.SymbolicTensor {
    return this.#layer(tf.layers.prelu({ name, sharedAxes: [1, 2] }), x, weight);
  }

  linear(
    x: tf.SymbolicTensor,
    name: string,
    { weight, bias }: { readonly weight: FirstWeight; readonly bias: FirstWeight },
  ): tf.SymbolicTensor {
    const dense = tf.layers.dense({ name, units: weight.dims[0]!, kernelInitializer: 'zeros' });
    return this.#layer(dense, x, weight, bias);
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

  finish(name: string, x: tf.SymbolicTensor): tf.LayersModel {
    const model = tf.model({ name, inputs: this.#input!, outputs: x });
    setLayersWeights(model, this.#weights);
    return model;
  }

  #layer(
    layer: tf.layers.Layer,
    x: tf.SymbolicTensor,
    ...weights: readonly FirstWeight[]
  ): tf.SymbolicTensor {
    for (const weight of weights) this.#weights.set(weight.name, weight);
    return apply(layer, x);
  }
}

function apply(layer: tf.layers.Layer, x: tf.SymbolicTensor): tf.SymbolicTensor {
  return layer.apply(x) as tf.SymbolicTensor;
}
