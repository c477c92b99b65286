import type { TensorData } from '../../model/tensor.ts';
import type { GradientCase } from '../../testing/gradient-case.ts';
import { randomTensor } from '../../testing/random-tensor.ts';

const tensor = (dims: readonly number[], seed: number): TensorData => randomTensor('float32', dims, seed);
const q = tensor([2, 3, 4], 1);
const k = tensor([2, 5, 4], 2);
const v = tensor([2, 5, 6], 3);
const heads = { q_num_heads: { int: 2 }, kv_num_heads: { int: 2 } };
const declared = ['shapes'] as const;
const opsets = [23, 24];
const allowed: TensorData = {
  type: 'bool',
  dims: [3, 5],
  data: Uint8Array.from([1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1]),
};
const apart = { q: tensor([2, 4, 3, 2], 4), k: tensor([2, 2, 5, 2], 5), v: tensor([2, 2, 5, 3], 6) };
const domain = 'com.microsoft';
const yes = { int: 1 };

const integers = (dims: readonly number[], ...numbers: readonly number[]): TensorData => ({
  type: 'int32',
  dims,
  data: Int32Array.from(numbers),
});
const caches = { cos: tensor([6, 2], 2), sin: tensor([6, 2], 3) };
const places: TensorData = { type: 'int64', dims: [2, 3], data: BigInt64Array.of(0n, 1n, 2n, 3n, 5n, 4n) };

export const cases: readonly GradientCase[] = [
  { operator: 'Attention', name: 'three axes', inputs: { q, k, v }, attributes: heads, opsets, declared },
  {
    operator: 'Attention',
    name: 'a mask that is added, its own scale',
    inputs: { q, k, v, mask: tensor([2, 1, 3, 5], 7) },
    attributes: { ...heads, scale: { float: 0.3 } },
    opsets,
    declared,
  },
  {
    operator: 'Attention',
    name: 'a mask of booleans',
    inputs: { q, k, v },
    constants: { mask: allowed },
    attributes: heads,
    opsets,
    declared,
  },
  {
    operator: 'Attention',
    name: 'causal',
    inputs: { q, k: tensor([2, 3, 4], 2), v: tensor([2, 3, 6], 3) },
    attributes: { ...heads, is_causal: yes },
    opsets,
    declared,
  },
  {
    operator: 'Attention',
    name: 'four axes, keys that several queries share',
    inputs: apart,
    opsets,
    declared,
  },
  {
    operator: 'Attention',
    name: 'scores that level off',
    inputs: { q, k, v },
    attributes: { ...heads, softcap: { float: 0.5 } },
    opsets,
    declared,
  },
  {
    operator: 'Attention',
    name: 'scores that level off before a mask is added',
    inputs: { q, k, v, mask: tensor([2, 1, 3, 5], 7) },
    attributes: { ...heads, softcap: { float: 0.5 } },
    opsets,
    since: '1.27.0',
    declared,
  },
  {
    operator: 'Attention',
    domain,
    name: 'with its projections',
    inputs: { x: tensor([2, 3, 4], 1), w: tensor([4, 12], 2), b: tensor([12], 3) },
    attributes: { num_heads: { int: 2 } },
    opsets: [11, 17],
    declared,
  },
  {
    operator: 'Attention',
    domain,
    name: 'with its projections, and a mask',
    inputs: { x: tensor([2, 3, 4], 1), w: tensor([4, 12], 2), b: tensor([12], 3) },
    constants: { mask: integers([2, 3], 1, 1, 0, 1, 1, 1) },
    attributes: { num_heads: { int: 2 } },
    opsets: [11, 17],
    declared,
  },
  {
    operator: 'MultiHeadAttention',
    domain,
    name: 'a mask of keys',
    inputs: { q, k, v: tensor([2, 5, 4], 3) },
    constants: { mask: integers([2, 5], 1, 1, 0, 1, 0, 1, 1, 1, 1, 1) },
    order: ['q', 'k', 'v', '', 'mask'],
    attributes: { num_heads: { int: 2 } },
    opsets: [11, 17],
    declared,
  },
  {
    operator: 'EmbedLayerNormalization',
    domain,
    name: 'tokens, positions and segments',
    inputs: {
      ids: integers([2, 3], 4, 0, 2, 1, 4, 4),
      segments: integers([2, 3], 0, 0, 1, 0, 1, 1),
      words: tensor([5, 4], 1),
      places: tensor([6, 4], 2),
      kinds: tensor([2, 4], 3),
      scale: tensor([4], 4),
      offset: tensor([4], 5),
    },
    attributes: { epsilon: { float: 1e-2 } },
    outputs: 2,
    opsets: [11, 17],
    step: 1 / 256,
    declared,
  },
  {
    operator: 'EmbedLayerNormalization',
    domain,
    name: 'tokens and positions',
    inputs: {
      ids: integers([2, 3], 4, 0, 2, 1, 4, 4),
      words: tensor([5, 4], 1),
      places: tensor([6, 4], 2),
      scale: tensor([4], 4),
      offset: tensor([4], 5),
    },
    order: ['ids', '', 'words', 'places', '', 'scale', 'offset'],
    attributes: { epsilon: { float: 1e-2 } },
    outputs: 2,
    opsets: [11, 17],
    step: 1 / 256,
    declared,
  },
  {
    operator: 'MultiHeadAttention',
    domain,
    name: 'queries, keys and values',
    inputs: { q, k, v: tensor([2, 5, 4], 3) },
    attributes: { num_heads: { int: 2 } },
    opsets: [11, 17],
    declared,
  },
  {
    operator: 'MultiHeadAttention',
    domain,
    name: 'biases, and something added to the scores',
    inputs: { q, k, v: tensor([2, 5, 4], 3), b: tensor([12], 8), added: tensor([2, 2, 3, 5], 9) },
    order: ['q', 'k', 'v', 'b', '', 'added'],
    attributes: { num_heads: { int: 2 }, scale: { float: 0.4 } },
    opsets: [11, 17],
    declared,
  },
  {
    operator: 'RotaryEmbedding',
    name: 'halves of a head',
    inputs: { x: tensor([2, 2, 3, 4], 1), cos: tensor([2, 3, 2], 2), sin: tensor([2, 3, 2], 3) },
    opsets,
    declared,
  },
  {
    operator: 'RotaryEmbedding',
    name: 'neighbours, places by number',
    inputs: { x: tensor([2, 2, 3, 4], 1), ...caches },
    constants: { places },
    attributes: { interleaved: yes },
    opsets,
    declared,
  },
  {
    operator: 'RotaryEmbedding',
    name: 'three axes, a part of each head',
    inputs: { x: tensor([2, 3, 12], 1), ...caches },
    constants: { places },
    attributes: { num_heads: { int: 2 }, rotary_embedding_dim: { int: 4 } },
    opsets,
    declared,
  },
];
