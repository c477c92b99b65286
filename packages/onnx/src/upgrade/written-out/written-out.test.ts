import { expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import type { Attributes } from '../../model/attributes.ts';
import type { Model } from '../../model/model.ts';
import type { TensorData } from '../../model/tensor.ts';
import { checkGradient } from '../../testing/check-gradient.ts';
import { withDomain } from '../../testing/node-model.ts';
import { randomTensor } from '../../testing/random-tensor.ts';
import type { Values } from '../../testing/run-model.ts';
import { testGradientCases } from '../../testing/test-gradient-cases.ts';
import { upgradeModel } from '../upgrade-model.ts';

await testGradientCases(import.meta.url);

interface Read {
  readonly operator: string;
  readonly domain?: string;
  readonly opset?: number;
  readonly inputs: Values;
  readonly attributes?: Attributes;
  /** Names of the outputs; those that are left out nobody reads. */
  readonly outputs?: readonly string[];
}

/** A node, and the product of its sums as `y`. */
function model({ operator, domain, opset = 17, inputs, attributes = {}, outputs = ['only'] }: Read): Model {
  const builder = domain === undefined ? new GraphBuilder({ opset }) : withDomain(opset, domain);
  for (const [name, { type, dims }] of Object.entries(inputs)) builder.input(name, type, dims);
  builder.node(operator, Object.keys(inputs), attributes, {
    outputs,
    name: 'node',
    ...(domain !== undefined && { domain }),
  });
  const read = outputs
    .filter((name) => name !== '')
    .map((name) => builder.op('ReduceSum', [builder.op('Tanh', [name])]));
  builder.op('Sum', read, {}, { outputs: ['y'] });
  builder.output('y', 'float32');
  return builder.build();
}

const floats = (dims: readonly number[], seed: number): TensorData => randomTensor('float32', dims, seed);
const [q, k, v] = [floats([2, 4, 3, 2], 1), floats([2, 2, 5, 2], 2), floats([2, 2, 5, 3], 3)];
const domain = 'com.microsoft';
const row = { scale: floats([4], 4), offset: floats([4], 5) };
const skipped = { x: floats([2, 3, 4], 1), skip: floats([2, 3, 4], 2) };
const heads = { num_heads: { int: 2 } };

test.each<[string, Read]>([
  [
    'the scores of Attention',
    { operator: 'Attention', opset: 23, inputs: { q, k, v }, outputs: ['o', '', '', 'scores'] },
  ],
  [
    'the shares of Attention',
    {
      operator: 'Attention',
      opset: 23,
      inputs: { q, k, v },
      attributes: { qk_matmul_output_mode: { int: 3 } },
      outputs: ['o', '', '', 'shares'],
    },
  ],
  [
    'the sum before a normalisation',
    {
      operator: 'SkipLayerNormalization',
      domain,
      inputs: { ...skipped, ...row },
      outputs: ['o', '', '', 'sum'],
    },
  ],
])('%s beside the first output has its gradient too', async (_, read) => {
  const { inputs } = read;
  await checkGradient({ model: model(read), of: 'y', wrt: Object.keys(inputs), inputs });
});

const ids = (dims: readonly number[]): TensorData => ({
  type: 'int32',
  dims,
  data: new Int32Array(dims.reduce((a, b) => a * b, 1)).fill(1),
});
const packed = { x: floats([2, 3, 4], 1), w: floats([4, 12], 2), b: floats([12], 3) };
const sides = { q: floats([2, 3, 4], 1), k: floats([2, 3, 4], 2), v: floats([2, 3, 4], 3) };

test.each<[string, RegExp, Read]>([
  [
    'queries that are no multiple of the keys',
    /multiple of kv_num_heads/,
    { operator: 'Attention', opset: 23, inputs: { q: floats([2, 3, 3, 2], 1), k, v } },
  ],
  [
    'scores of another stage',
    /qk_matmul_output_mode 0 or 3/,
    {
      operator: 'Attention',
      opset: 23,
      inputs: { q, k, v },
      attributes: { qk_matmul_output_mode: { int: 1 } },
      outputs: ['o', '', '', 'scores'],
    },
  ],
  [
    'attention to what came before alone',
    /attention to all positions/,
    { operator: 'Attention', domain, inputs: packed, attributes: { ...heads, unidirectional: { int: 1 } } },
  ],
  [
    'a mask of lengths',
    /a mask of every position/,
    { operator: 'Attention', domain, inputs: { ...packed, mask: ids([2]) }, attributes: heads },
  ],
  [
    'a second output of attention',
    /one output/,
    { operator: 'MultiHeadAttention', domain, inputs: sides, attributes: heads, outputs: ['o', 'present'] },
  ],
  [
    'a mean beside a normalisation',
    /first and fourth output alone/,
    { operator: 'SkipLayerNormalization', domain, inputs: { ...skipped, ...row }, outputs: ['o', 'mean'] },
  ],
  [
    'lengths of an embedded mask that are read',
    /a mask whose lengths nothing reads/,
    {
      operator: 'EmbedLayerNormalization',
      domain,
      inputs: {
        ids: ids([2, 3]),
        kinds: ids([2, 3]),
        words: floats([5, 4], 1),
        places: floats([5, 4], 2),
        tables: floats([2, 4], 3),
        ...row,
        mask: ids([2, 3]),
      },
      outputs: ['o', 'lengths'],
    },
  ],
])('%s: refused by name', (_, message, read) => {
  expect(() => upgradeModel(model(read))).toThrow(/'node'/);
  expect(() => upgradeModel(model(read))).toThrow(message);
});
