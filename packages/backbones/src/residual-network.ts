import { requireRange } from '@cf/core';
import { type Backbone, type BackboneOptions, defineBackbone } from './backbone.ts';
import { residualBlock } from './residual-block.ts';

/** Settings of a residual network. */
export interface ResidualNetworkOptions extends BackboneOptions {
  /** Share of the features that dropout takes away in training. */
  readonly dropout?: number;
}

/** A residual network with all its numbers. */
interface ResidualNetwork
  extends Required<Pick<ResidualNetworkOptions, 'embeddingSize' | 'dropout' | 'inputSize'>> {
  readonly name: string;
  /** Stages: channels out and blocks, the first of which has stride 2. */
  readonly stages: readonly (readonly [channels: number, blocks: number])[];
  /** Whether the scale of the last normalisation stays 1 in training. */
  readonly hasFixedScale: boolean;
}

/**
 * A 3×3 convolution, stages of residual blocks, and BN, dropout, a linear layer, BN (Deng et al. 2019, section 3.1,
 * "E"). Convolutions start as N(0, 0.1²), linear layers uniform in ±1/√inputs, PReLU at 0.25.
 *
 * @throws OptionOutOfRangeError if a setting is outside its range
 */
export function residualNetwork(network: ResidualNetwork, options: BackboneOptions): Backbone {
  const { stages, dropout, hasFixedScale, ...sizes } = network;
  const { inputSize, embeddingSize } = sizes;
  requireRange('dropout', dropout, 0, 0.999);
  const lastSize = Math.ceil(inputSize / 2 ** stages.length);
  return defineBackbone({
    ...options,
    ...sizes,
    convStd: () => 0.1,
    layers: (net) => {
      let from = stages[0]![0];
      let x = net.conv(net.pixels(127.5), 'conv1', { from: 3, to: from, kernel: 3, padding: 1 });
      x = net.prelu(net.batchNorm(x, 'bn1', from), 'prelu', from);
      stages.forEach(([to, blocks], stage) => {
        for (let block = 0; block < blocks; block++) {
          const stride = block === 0 ? 2 : 1;
          x = residualBlock(net, x, `layer${stage + 1}.${block}`, { from, to, stride });
          from = to;
        }
      });
      x = net.dropout(net.flatten(net.batchNorm(x, 'bn2', from), 'flatten'), 'dropout', dropout);
      x = net.linear(x, 'fc', { from: from * lastSize ** 2, to: embeddingSize });
      return net.batchNorm(x, 'features', embeddingSize, { fixed: hasFixedScale });
    },
  });
}
