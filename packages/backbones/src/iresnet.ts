import { type OptionNames, requireChoice, requireKnownOptions } from '@cf/core';
import { BACKBONE_OPTIONS, type Backbone } from './backbone.ts';
import { type ResidualNetworkOptions, residualNetwork } from './residual-network.ts';

/** Layers of an iresnet. */
export type IresnetDepth = 18 | 34 | 50 | 100;

/** Settings of an iresnet: d is 512 by default, dropout 0, the side of pictures 112. */
export interface IresnetOptions extends ResidualNetworkOptions {
  readonly depth: IresnetDepth;
}

/** Blocks a stage. */
const BLOCKS: Readonly<Record<IresnetDepth, readonly number[]>> = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 14, 3],
  100: [3, 13, 30, 3],
};

const OPTIONS: OptionNames<IresnetOptions> = { ...BACKBONE_OPTIONS, dropout: true, depth: true };

/**
 * The residual network of ArcFace (Deng et al. 2019) as InsightFace trains it: `data` [N, 3, 112, 112], RGB 0 to 255,
 * to the embedding [N, d]. Convolutions start as N(0, 0.1²), linear layers uniform in ±1/√inputs, PReLU at 0.25. The
 * scale of the last normalisation, `features.weight`, stays 1 in training.
 *
 * With d = 512 there are 24.0, 34.1, 43.6 and 65.2 million parameters.
 *
 * @throws OptionOutOfRangeError if a setting is outside its range; UnknownNameError for one that there is not
 */
export function iresnet(network: IresnetOptions): Backbone {
  requireKnownOptions('iresnet', network, OPTIONS);
  const { depth, embeddingSize = 512, dropout = 0, inputSize = 112, ...options } = network;
  requireChoice('depth', depth, Object.keys(BLOCKS).map(Number));
  const stages = [64, 128, 256, 512].map((channels, i) => [channels, BLOCKS[depth][i]!] as const);
  return residualNetwork(
    { name: `iresnet${depth}`, inputSize, stages, embeddingSize, dropout, hasFixedScale: true },
    options,
  );
}
