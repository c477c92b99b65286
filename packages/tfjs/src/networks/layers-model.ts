import type { Backbone, FirstWeight } from '@cf/backbones';
import { requireChoice } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { setLayersWeights } from './layers-weights.ts';

/**
 * A backbone as a layers model with its first weights: `data` [N, H, W, 3], RGB 0 to 255, to the embedding [N, d].
 * Layers have the names of the nodes that `@cf/onnx` writes, so weights are exchanged by name ({@link setLayersWeights}).
 *
 * A weight that training leaves as it is (`features.weight` of iresnet) is not trainable; files of layers models do not
 * keep this.
 *
 * @throws OptionOutOfRangeError if a convolution has groups other than one, or one a channel
 */
export function layersModel(backbone: Backbone): tf.LayersModel {
  const inputs: tf.SymbolicTensor[] = [];
  const first = new Map<string, FirstWeight>();
  const add = (
    layer: tf.layers.Layer,
    x: tf.SymbolicTensor,
    ...weights: FirstWeight[]
  ): tf.SymbolicTensor => {
    for (const weight of weights) first.set(weight.name, weight);
    return layer.apply(x) as tf.SymbolicTensor;
  };

  const outputs = backbone.write<tf.SymbolicTensor>({
    pixels({ size, mean, scale }) {
      const input = tf.input({ shape: [size, size, 3], name: 'data' });
      inputs.push(input);
      return add(tf.layers.rescaling({ name: 'scaled', scale: 1 / scale, offset: -mean / scale }), input);
    },
    conv(x, name, { from, to, kernel, stride, padding, groups, weight }) {
      requireChoice('groups', groups, [1, from]);
      const isSame = stride === 1 && 2 * padding === kernel - 1;
      // Padding is a layer of its own: `same` pads unevenly where the stride is 2 and the side even.
      if (!isSame && padding > 0)
        x = add(tf.layers.zeroPadding2d({ name: `${name}.pad`, padding: [padding, padding] }), x);
      const shared = {
        name,
        kernelSize: kernel,
        strides: stride,
        padding: isSame ? 'same' : 'valid',
        useBias: false,
      } as const;
      const layer =
        groups === 1
          ? tf.layers.conv2d({ ...shared, filters: to, kernelInitializer: 'zeros' })
          : tf.layers.depthwiseConv2d({ ...shared, depthwiseInitializer: 'zeros' });
      return add(layer, x, weight);
    },
    batchNorm(x, name, { weight, bias, mean, variance, epsilon, momentum, isWeightFixed }) {
      const layer = tf.layers.batchNormalization({ name, epsilon, momentum });
      const y = add(layer, x, weight, bias, mean, variance);
      if (isWeightFixed) layer.weights[0]!.trainable = false;
      return y;
    },
    prelu: (x, name, { weight }) => add(tf.layers.prelu({ name, sharedAxes: [1, 2] }), x, weight),
    linear: (x, name, { weight, bias }) =>
      add(tf.layers.dense({ name, units: weight.dims[0]!, kernelInitializer: 'zeros' }), x, weight, bias),
    dropout: (x, name, rate) => add(tf.layers.dropout({ name, rate }), x),
    flatten: (x, name) => add(tf.layers.flatten({ name }), x),
    add: (a, b, name) => tf.layers.add({ name }).apply([a, b]) as tf.SymbolicTensor,
  });

  const model = tf.model({ name: backbone.name, inputs, outputs });
  setLayersWeights(model, first);
  return model;
}
