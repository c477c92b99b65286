export { type Backbone, type BackboneDefinition, type BackboneOptions, defineBackbone } from './backbone.ts';
export { type IresnetDepth, type IresnetOptions, iresnet } from './iresnet.ts';
export { mobileFaceNet } from './mobile-face-net.ts';
export { BACKBONE_NAMES, type BackboneName, backbone } from './named-backbones.ts';
export type { ConvolutionOptions, NetworkBuilder } from './network-builder.ts';
export type {
  BatchNormalization,
  Convolution,
  FirstWeight,
  NetworkWriter,
  Pixels,
} from './network-writer.ts';
export { type ResidualBlock, residualBlock } from './residual-block.ts';
export type { ResidualNetworkOptions } from './residual-network.ts';
export { type TinyIresnetOptions, tinyIresnet } from './tiny-iresnet.ts';
