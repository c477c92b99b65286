import { requireChoice, requireInteger, requireRange } from '@cf/core';
import type { Model } from '../model/model.ts';
import { BackboneBuilder, type BackboneOptions } from './backbone-builder.ts';
import { residualBlock } from './residual-block.ts';

/** Layers of an iresnet. */
export type IresnetDepth = 18 | 34 | 50 | 100;

/** Settings of an iresnet. */
export interface IresnetOptions extends BackboneOptions {
  readonly depth: IresnetDepth;
  /** d; 512 by default. */
  readonly embeddingSize?: number;
  /** Share of the features that dropout takes away in training; 0 by default. */
  readonly dropout?: number;
}

/** Blocks a stage. */
const BLOCKS: Readonly<Record<IresnetDepth, readonly number[]>> = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 14, 3],
  100: [3, 13, 30, 3],
};
const WIDTHS: readonly number[] = [64, 128, 256, 512];
const INPUT_SIZE = 112;
/** Side of the last feature map: every stage halves it. */
const LAST_SIZE = INPUT_SIZE / 2 ** WIDTHS.length;

/**
 * The residual network of ArcFace (Deng et al. 2019) as InsightFace trains it: `data` [N, 3, 112, 112], RGB 0 to 255,
 * to `embedding` [N, d]. Convolutions start as N(0, 0.1²), linear layers uniform in ±1/√inputs, PReLU at 0.25. The
 * scale of the last normalisation, `features.weight`, stays 1 in training.
 *
 * With d = 512 there are 24.0, 34.1, 43.6 and 65.2 million parameters.
 *
 * @throws OptionOutOfRangeError if a setting is outside its range
 */
export function iresnet(options: IresnetOptions): Model {
  const { depth, embeddingSize = 512, dropout = 0 } = options;
  requireChoice('depth', depth, Object.keys(BLOCKS).map(Number));
  requireInteger('embeddingSize', embeddingSize, 1, 65536);
  requireRange('dropout', dropout, 0, 0.999);
  const net = new BackboneBuilder(`iresnet${depth}`, options, () => 0.1);
  let x = net.conv(net.pixels(INPUT_SIZE, 127.5), 'conv1', { from: 3, to: 64, kernel: 3, padding: 1 });
  x = net.prelu(net.batchNorm(x, 'bn1', 64), 'prelu', 64);
  let from = 64;
  WIDTHS.forEach((to, stage) => {
    for (let block = 0; block < BLOCKS[depth][stage]!; block++) {
      x = residualBlock(net, x, `layer${stage + 1}.${block}`, { from, to, stride: block === 0 ? 2 : 1 });
      from = to;
    }
  });
  x = net.flatten(net.batchNorm(x, 'bn2', from), 'flatten');
  x = net.linear(net.dropout(x, 'dropout', dropout), 'fc', from * LAST_SIZE ** 2, embeddingSize);
  return net.finish(net.batchNorm(x, 'features', embeddingSize, { fixed: true }), embeddingSize);
}
