import { type Backbone, defineBackbone } from '@cf/backbones';

/** Side of the pictures of {@link proofNetwork}. */
export const PROOF_SIDE = 12;

/**
 * The smallest network that has every layer of the built-in ones, in each of their forms: convolutions with and without
 * a stride, of one tap, depthwise, and one over all of its input; a shortcut; dropout; a linear layer.
 */
export function proofNetwork(): Backbone {
  return defineBackbone({
    name: 'proof',
    inputSize: PROOF_SIDE,
    embeddingSize: 6,
    seed: 1,
    convStd: ({ from, groups, kernel }) => Math.sqrt(2 / (kernel ** 2 * (from / groups))),
    layers(net) {
      let x = net.conv(net.pixels(127.5), 'stem', { from: 3, to: 8, kernel: 3, padding: 1 });
      x = net.prelu(net.batchNorm(x, 'stem_bn', 8), 'stem_prelu', 8);
      let y = net.conv(x, 'deep', { from: 8, to: 8, kernel: 3, stride: 2, padding: 1, groups: 8 });
      y = net.prelu(net.batchNorm(y, 'deep_bn', 8), 'deep_prelu', 8);
      y = net.batchNorm(net.conv(y, 'wide', { from: 8, to: 16, kernel: 1 }), 'wide_bn', 16);
      const shortcut = net.conv(x, 'shortcut', { from: 8, to: 16, kernel: 1, stride: 2 });
      x = net.add(y, net.batchNorm(shortcut, 'shortcut_bn', 16), 'sum');
      x = net.conv(x, 'plain', { from: 16, to: 16, kernel: 3, padding: 1 });
      x = net.dropout(net.prelu(x, 'plain_prelu', 16), 'dropout', 0.2);
      x = net.batchNorm(net.conv(x, 'whole', { from: 16, to: 16, kernel: 6, groups: 16 }), 'whole_bn', 16);
      x = net.linear(net.flatten(x, 'flatten'), 'linear', { from: 16, to: 6 });
      return net.batchNorm(x, 'features', 6, { fixed: true });
    },
  });
}
