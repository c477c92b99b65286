import { type Backbone, backbone } from '@cf/backbones';
import type { NetworkConfig } from '../settings/train-config.ts';

/** A built-in network of a configuration, with the first weights of a seed. @throws OptionOutOfRangeError */
export function builtInNetwork(
  { name, dim, side }: Extract<NetworkConfig, { kind: 'built-in' }>,
  seed: number,
): Backbone {
  return backbone(name, { embeddingSize: dim, seed, ...(side === undefined ? {} : { inputSize: side }) });
}
