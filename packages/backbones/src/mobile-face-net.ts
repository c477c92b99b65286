import { requireKnownOptions } from '@cf/core';
import { BACKBONE_OPTIONS, type Backbone, type BackboneOptions, defineBackbone } from './backbone.ts';
import type { ConvolutionOptions, NetworkBuilder } from './network-builder.ts';
import type { Convolution } from './network-writer.ts';
import type { ResidualBlock } from './residual-block.ts';

/** A row of the paper's table 1: expansion t, channels c, repetitions n, stride s of the first. */
const BOTTLENECKS: readonly { t: number; c: number; n: number; s: number }[] = [
  { t: 2, c: 64, n: 5, s: 2 },
  { t: 4, c: 128, n: 1, s: 2 },
  { t: 2, c: 128, n: 6, s: 1 },
  { t: 4, c: 128, n: 1, s: 2 },
  { t: 2, c: 128, n: 2, s: 1 },
];
/** Strides of all layers together. */
const STRIDES = 16;

/**
 * MobileFaceNet (Chen et al. 2018, table 1): `data` [N, 3, 112, 112], RGB 0 to 255, taken as (x − 127.5) / 128, to the
 * embedding [N, d]; d is 128 by default. Inverted bottlenecks with PReLU, and a global depthwise convolution in the
 * place of pooling. 1.00 million parameters with d = 128.
 *
 * The paper does not say how weights start; here convolutions start as N(0, 2 / (kernel area × outputs a group))
 * (He et al. 2015, by outputs).
 *
 * @throws OptionOutOfRangeError if a setting is outside its range; UnknownNameError for one that there is not
 */
export function mobileFaceNet(settings: BackboneOptions = {}): Backbone {
  requireKnownOptions('mobileFaceNet', settings, BACKBONE_OPTIONS);
  const { embeddingSize = 128, inputSize = 112, ...options } = settings;
  // The global depthwise convolution covers the last feature map.
  const lastSize = Math.ceil(inputSize / STRIDES);
  return defineBackbone({
    ...options,
    name: 'mobilefacenet',
    inputSize,
    embeddingSize,
    convStd: heStd,
    layers: (net) => {
      let x = unit(net, net.pixels(128), 'conv1', { from: 3, to: 64, kernel: 3, stride: 2, padding: 1 });
      x = unit(net, x, 'dw_conv1', { from: 64, to: 64, kernel: 3, padding: 1, groups: 64 });
      let from = 64;
      let block = 0;
      for (const { t, c, n, s } of BOTTLENECKS) {
        for (let i = 0; i < n; i++) {
          const stride = i === 0 ? s : 1;
          x = bottleneck(net, x, `blocks.${block++}`, { from, to: c, expansion: t, stride });
          from = c;
        }
      }
      x = unit(net, x, 'conv2', { from, to: 512, kernel: 1 });
      x = linearUnit(net, x, 'linear7', { from: 512, to: 512, kernel: lastSize, groups: 512 });
      x = linearUnit(net, x, 'linear1', { from: 512, to: embeddingSize, kernel: 1 });
      return net.flatten(x, 'flatten');
    },
  });
}

function heStd({ to, kernel, groups }: Convolution): number {
  return Math.sqrt(2 / ((kernel ** 2 * to) / groups));
}

function linearUnit<Value>(
  net: NetworkBuilder<Value>,
  x: Value,
  name: string,
  options: ConvolutionOptions,
): Value {
  return net.batchNorm(net.conv(x, `${name}.conv`, options), `${name}.bn`, options.to);
}

function unit<Value>(net: NetworkBuilder<Value>, x: Value, name: string, options: ConvolutionOptions): Value {
  return net.prelu(linearUnit(net, x, name, options), `${name}.prelu`, options.to);
}

interface Bottleneck extends ResidualBlock {
  readonly expansion: number;
}

/** 1×1 up, 3×3 depthwise, 1×1 down without PReLU; plus the input where the shapes agree. */
function bottleneck<Value>(net: NetworkBuilder<Value>, x: Value, name: string, block: Bottleneck): Value {
  const { from, to, stride } = block;
  const wide = from * block.expansion;
  const layer = (i: number): string => `${name}.conv.${i}`;
  let y = net.conv(x, layer(0), { from, to: wide, kernel: 1 });
  y = net.prelu(net.batchNorm(y, layer(1), wide), layer(2), wide);
  y = net.conv(y, layer(3), { from: wide, to: wide, kernel: 3, stride, padding: 1, groups: wide });
  y = net.prelu(net.batchNorm(y, layer(4), wide), layer(5), wide);
  y = net.batchNorm(net.conv(y, layer(6), { from: wide, to, kernel: 1 }), layer(7), to);
  return stride === 1 && from === to ? net.add(y, x, name) : y;
}
