import { type OptionNames, requireKnownOptions } from '@cf/core';
import { BACKBONE_OPTIONS, type Backbone } from './backbone.ts';
import { type ResidualNetworkOptions, residualNetwork } from './residual-network.ts';

/** Settings of the small residual network: d is 256 by default, dropout 0.4, the side of pictures 56. */
export type TinyIresnetOptions = ResidualNetworkOptions;

const OPTIONS: OptionNames<TinyIresnetOptions> = { ...BACKBONE_OPTIONS, dropout: true };

/**
 * A residual network for small machines, built of the blocks of `iresnet` and started as it is: `data`
 * [N, 3, 56, 56], RGB 0 to 255, to the embedding [N, d]. Four blocks of widths 32, 64, 128 and 256, each with stride 2.
 * 2.28 million parameters with d = 256.
 *
 * @throws OptionOutOfRangeError if a setting is outside its range; UnknownNameError for one that there is not
 */
export function tinyIresnet(options: TinyIresnetOptions = {}): Backbone {
  requireKnownOptions('tinyIresnet', options, OPTIONS);
  const { embeddingSize = 256, dropout = 0.4, inputSize = 56, ...others } = options;
  const stages = [32, 64, 128, 256].map((channels) => [channels, 1] as const);
  return residualNetwork(
    { name: 'tiny-iresnet', inputSize, stages, embeddingSize, dropout, hasFixedScale: false },
    others,
  );
}
