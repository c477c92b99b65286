import type { Backbone, FirstWeight } from '@cf/backbones';
import { requireChoice } from '@cf/core';
import * as tfl from '@tensorflow/tfjs-layers';
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
export function layersModel(backbone: Backbone): tfl.LayersModel {
  const inputs: tfl.SymbolicTensor[] = [];
  const first = new Map<string, FirstWeight>();
  const add = (
    layer: tfl.layers.Layer,
    x: tfl.SymbolicTensor,
    ...weights: FirstWeight[]
  ): tfl.SymbolicTensor => {
    for (const weight of weights) first.set(weight.name, weight);
    return layer.apply(x) as tfl.SymbolicTensor;
  };

  const outputs = backbone.write<tfl.SymbolicTensor>({
    pixels({ size, mean, scale }) {
      const input = tfl.input({ shape: [size, size, 3], name: 'data' });
      inputs.push(input);
      return add(tfl.layers.rescaling({ name: 'scaled', scale: 1 / scale, offset: -mean / scale }), input);
    },
    conv(x, name, { from, to, kernel, stride, padding, groups, weight }) {
      requireChoice('groups', groups, [1, from]);
      const isSame = stride === 1 && 2 * padding === kernel - 1;
      // Padding is a layer of its own: `same` pads unevenly where the stride is 2 and the side even.
      if (!isSame && padding > 0)
        x = add(tfl.layers.zeroPadding2d({ name: `${name}.pad`, padding: [padding, padding] }), x);
      const shared = {
        name,
        kernelSize: kernel,
        strides: stride,
        padding: isSame ? 'same' : 'valid',
        useBias: false,
      } as const;
      const layer =
        groups === 1
          ? tfl.layers.conv2d({ ...shared, filters: to, kernelInitializer: 'zeros' })
          : tfl.layers.depthwiseConv2d({ ...shared, depthwiseInitializer: 'zeros' });
      return add(layer, x, weight);
    },
    batchNorm(x, name, { weight, bias, mean, variance, epsilon, momentum, isWeightFixed }) {
      const layer = tfl.layers.batchNormalization({ name, epsilon, momentum });
      const y = add(layer, x, weight, bias, mean, variance);
      if (isWeightFixed) layer.weights[0]!.trainable = false;
      return y;
    },
    prelu: (x, name, { weight }) => add(tfl.layers.prelu({ name, sharedAxes: [1, 2] }), x, weight),
    linear: (x, name, { weight, bias }) =>
      add(tfl.layers.dense({ name, units: weight.dims[0]!, kernelInitializer: 'zeros' }), x, weight, bias),
    dropout: (x, name, rate) => add(tfl.layers.dropout({ name, rate }), x),
    flatten: (x, name) => add(tfl.layers.flatten({ name }), x),
    add: (a, b, name) => tfl.layers.add({ name }).apply([a, b]) as tfl.SymbolicTensor,
  });

  const model = tfl.model({ name: backbone.name, inputs, outputs });
  setLayersWeights(model, first);
  return model;
}
