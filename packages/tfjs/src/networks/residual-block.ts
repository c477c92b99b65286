import type { SymbolicTensor } from '@tensorflow/tfjs';
import type { LayersBuilder } from './layers-builder.ts';

/** Channels in and out of a block, and by how much its second convolution shrinks the image. */
export interface ResidualBlock {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
}

/**
 * The improved residual block (Deng et al. 2019, section 3.1): BN, 3×3, BN, PReLU, 3×3 with the stride, BN, plus the
 * input, which goes through a 1×1 convolution and BN where its shape differs.
 */
export function residualBlock(
  net: LayersBuilder,
  x: SymbolicTensor,
  name: string,
  { from, to, stride }: ResidualBlock,
): SymbolicTensor {
  let y = net.batchNorm(x, `${name}.bn1`);
  y = net.conv(y, `${name}.conv1`, { from, to, kernel: 3, padding: 1 });
  y = net.prelu(net.batchNorm(y, `${name}.bn2`), `${name}.prelu`);
  y = net.conv(y, `${name}.conv2`, { from: to, to, kernel: 3, padding: 1, stride });
  y = net.batchNorm(y, `${name}.bn3`);
  if (stride === 1 && from === to) return net.add(y, x, name);
  const shortcut = net.conv(x, `${name}.downsample.0`, { from, to, kernel: 1, stride });
  return net.add(y, net.batchNorm(shortcut, `${name}.downsample.1`), name);
}
