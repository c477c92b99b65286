import { requireInteger, requireRange } from '@cf/core';
import type { LayersModel } from '@tensorflow/tfjs';
import { LayersBuilder, type NetworkOptions } from './layers-builder.ts';
import { residualBlock } from './residual-block.ts';

/** Settings of the small residual network. */
export interface TinyIresnetLayersOptions extends NetworkOptions {
  /** d; 256 by default. */
  readonly embeddingSize?: number;
  /** Share of the features that dropout takes away in training; 0.4 by default. */
  readonly dropout?: number;
}

const WIDTHS: readonly number[] = [32, 64, 128, 256];
const INPUT_SIZE = 56;
/** Side of the last feature map, 56 halved four times and rounded up. */
const LAST_SIZE = 4;

/**
 * A residual network for small machines: [N, 56, 56, 3], RGB 0 to 255, to the embedding [N, d]. Four blocks of widths
 * 32, 64, 128 and 256, each with stride 2. Layers, weights and first values are those of `tinyIresnet` of `@cf/onnx`.
 *
 * @throws OptionOutOfRangeError if a setting is outside its range
 */
export function tinyIresnetLayers(options: TinyIresnetLayersOptions = {}): LayersModel {
  const { embeddingSize = 256, dropout = 0.4 } = options;
  requireInteger('embeddingSize', embeddingSize, 1, 65536);
  requireRange('dropout', dropout, 0, 0.999);
  const net = new LayersBuilder('tiny-iresnet', options, () => 0.1);
  let from = 32;
  let x = net.conv(net.pixels(INPUT_SIZE, 127.5), 'conv1', { from: 3, to: from, kernel: 3, padding: 1 });
  x = net.prelu(net.batchNorm(x, 'bn1'), 'prelu');
  WIDTHS.forEach((to, stage) => {
    x = residualBlock(net, x, `layer${stage + 1}.0`, { from, to, stride: 2 });
    from = to;
  });
  x = net.flatten(net.batchNorm(x, 'bn2'), 'flatten');
  x = net.linear(net.dropout(x, 'dropout', dropout), 'fc', from * LAST_SIZE ** 2, embeddingSize);
  return net.finish(net.batchNorm(x, 'features'));
}
