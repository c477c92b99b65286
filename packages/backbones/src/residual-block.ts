import type { NetworkBuilder } from './network-builder.ts';

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
export function residualBlock<Value>(
  net: NetworkBuilder<Value>,
  x: Value,
  name: string,
  { from, to, stride }: ResidualBlock,
): Value {
  let y = net.batchNorm(x, `${name}.bn1`, from);
  y = net.conv(y, `${name}.conv1`, { from, to, kernel: 3, padding: 1 });
  y = net.prelu(net.batchNorm(y, `${name}.bn2`, to), `${name}.prelu`, to);
  y = net.conv(y, `${name}.conv2`, { from: to, to, kernel: 3, padding: 1, stride });
  y = net.batchNorm(y, `${name}.bn3`, to);
  if (stride === 1 && from === to) return net.add(y, x, name);
  const shortcut = net.conv(x, `${name}.downsample.0`, { from, to, kernel: 1, stride });
  return net.add(y, net.batchNorm(shortcut, `${name}.downsample.1`, to), name);
}
