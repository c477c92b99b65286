import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Attributes } from '../model/attributes.ts';
import type { Model } from '../model/model.ts';
import { randomTensor, scalar as scalarTensor } from '../testing/random-tensor.ts';

/** Where a small network for tests differs. */
export interface SmallNetOptions {
  readonly dropout?: number;
  readonly bn?: Attributes;
  /** Spatial size that the input declares. */
  readonly size?: number | string;
}

/**
 * A network of every kind of layer that trains: pixels as (x − 127.5) / 127.5, convolution, BN, PRelu, dropout, and a
 * linear layer of MatMul and Add; input `data` [N, 2, 4, 4], output `embedding` [N, 3].
 */
export function smallNet({ dropout = 0, bn = {}, size = 4 }: SmallNetOptions = {}): Model {
  const builder = new GraphBuilder({ name: 'small' });
  let seed = 1;
  const weight = (name: string, dims: readonly number[], map?: (u: number) => number): string =>
    builder.initializer(name, randomTensor('float32', dims, seed++, map));
  const scalar = (name: string, value: number): string =>
    builder.initializer(name, scalarTensor('float32', value));
  const node = (
    operator: string,
    name: string,
    inputs: readonly string[],
    attributes: Attributes = {},
  ): string => builder.op(operator, inputs, attributes, { name, outputs: [name] });
  let x = builder.input('data', 'float32', ['N', 2, size, size]);
  x = node('Sub', 'centered', [x, scalar('mean', 127.5)]);
  x = node('Div', 'scaled', [x, scalar('scale', 127.5)]);
  x = node('Conv', 'conv', [x, weight('conv.weight', [3, 2, 3, 3]), weight('conv.bias', [3])], {
    kernel_shape: { ints: [3, 3] },
    pads: { ints: [1, 1, 1, 1] },
  });
  const statistics = [weight('bn.weight', [3]), weight('bn.bias', [3]), weight('bn.mean', [3])];
  x = node('BatchNormalization', 'bn', [x, ...statistics, weight('bn.var', [3], (u) => u + 0.5)], bn);
  x = node('PRelu', 'prelu', [x, weight('prelu.slope', [3, 1, 1])]);
  x = node('Flatten', 'flatten', [x]);
  if (dropout > 0) x = node('Dropout', 'dropout', [x, scalar('ratio', dropout)]);
  x = node('MatMul', 'linear', [x, weight('linear.weight', [48, 3])]);
  x = node('Add', 'embedding', [x, weight('linear.bias', [3])]);
  builder.output(x, 'float32', ['N', 3]);
  return builder.build();
}

/** A normalisation over the batch alone, which needs two samples to train: [N, 4]. */
export function normalisedEmbedding(): Model {
  const net = new GraphBuilder();
  const weights = ['scale', 'shift', 'mean', 'variance'].map((name, i) =>
    net.initializer(
      name,
      randomTensor('float32', [4], i, (u) => u + 0.5),
    ),
  );
  const x = net.input('data', 'float32', ['N', 4]);
  net.op('BatchNormalization', [x, ...weights], {}, { name: 'last', outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 4]);
  return net.build();
}

/** Pixels of images for `smallNet`. */
export function smallImages(batch: number, seed: number): Float32Array {
  return randomTensor('float32', [batch, 2, 4, 4], seed, (u) => 255 * u).data as Float32Array;
}
