import { requireInteger } from '@cf/core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import { type ConvOptions, LayersBuilder, type NetworkOptions } from './layers-builder.ts';

/** Settings of a MobileFaceNet. */
export interface MobileFaceNetLayersOptions extends NetworkOptions {
  /** d; 128 by default. */
  readonly embeddingSize?: number;
}

/** A row of the paper's table 1: expansion t, channels c, repetitions n, stride s of the first. */
const BOTTLENECKS: readonly { t: number; c: number; n: number; s: number }[] = [
  { t: 2, c: 64, n: 5, s: 2 },
  { t: 4, c: 128, n: 1, s: 2 },
  { t: 2, c: 128, n: 6, s: 1 },
  { t: 4, c: 128, n: 1, s: 2 },
  { t: 2, c: 128, n: 2, s: 1 },
];
const INPUT_SIZE = 112;
/** Side of the last feature map, which the global depthwise convolution covers. */
const LAST_SIZE = 7;

/**
 * MobileFaceNet (Chen et al. 2018, table 1): [N, 112, 112, 3], RGB 0 to 255, taken as (x − 127.5) / 128, to the
 * embedding [N, d]. Layers, weights and first values are those of `mobileFaceNet` of `@cf/onnx`.
 *
 * @throws OptionOutOfRangeError if a setting is outside its range
 */
export function mobileFaceNetLayers(options: MobileFaceNetLayersOptions = {}): LayersModel {
  const { embeddingSize = 128 } = options;
  requireInteger('embeddingSize', embeddingSize, 1, 65536);
  const net = new LayersBuilder('mobilefacenet', options, heStd);
  const pixels = net.pixels(INPUT_SIZE, 128);
  let x = unit(net, pixels, 'conv1', { from: 3, to: 64, kernel: 3, stride: 2, padding: 1 });
  x = unit(net, x, 'dw_conv1', { from: 64, to: 64, kernel: 3, padding: 1, groups: 64 });
  let from = 64;
  let block = 0;
  for (const { t, c, n, s } of BOTTLENECKS) {
    for (let i = 0; i < n; i++) {
      x = bottleneck(net, x, `blocks.${block++}`, { from, to: c, expansion: t, stride: i === 0 ? s : 1 });
      from = c;
    }
  }
  x = unit(net, x, 'conv2', { from, to: 512, kernel: 1 });
  x = linearUnit(net, x, 'linear7', { from: 512, to: 512, kernel: LAST_SIZE, groups: 512 });
  x = linearUnit(net, x, 'linear1', { from: 512, to: embeddingSize, kernel: 1 });
  return net.finish(net.flatten(x, 'flatten'));
}

function heStd({ to, kernel, groups = 1 }: ConvOptions): number {
  return Math.sqrt(2 / ((kernel ** 2 * to) / groups));
}

function linearUnit(
  net: LayersBuilder,
  x: SymbolicTensor,
  name: string,
  options: ConvOptions,
): SymbolicTensor {
  return net.batchNorm(net.conv(x, `${name}.conv`, options), `${name}.bn`);
}

function unit(net: LayersBuilder, x: SymbolicTensor, name: string, options: ConvOptions): SymbolicTensor {
  return net.prelu(linearUnit(net, x, name, options), `${name}.prelu`);
}

interface Bottleneck {
  readonly from: number;
  readonly to: number;
  readonly expansion: number;
  readonly stride: number;
}

/** 1×1 up, 3×3 depthwise, 1×1 down without PReLU; plus the input where the shapes agree. */
function bottleneck(net: LayersBuilder, x: SymbolicTensor, name: string, block: Bottleneck): SymbolicTensor {
  const { from, to, stride } = block;
  const wide = from * block.expansion;
  const layer = (i: number): string => `${name}.conv.${i}`;
  let y = net.conv(x, layer(0), { from, to: wide, kernel: 1 });
  y = net.prelu(net.batchNorm(y, layer(1)), layer(2));
  y = net.conv(y, layer(3), { from: wide, to: wide, kernel: 3, stride, padding: 1, groups: wide });
  y = net.prelu(net.batchNorm(y, layer(4)), layer(5));
  y = net.batchNorm(net.conv(y, layer(6), { from: wide, to, kernel: 1 }), layer(7));
  return stride === 1 && from === to ? net.add(y, x, name) : y;
}
