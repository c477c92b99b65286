import type { Attributes } from '../../../model/attributes.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const tensor = (dims: readonly number[], seed: number): ReturnType<typeof randomTensor> =>
  randomTensor('float32', dims, seed);
const ints = (...values: readonly number[]): { ints: readonly number[] } => ({ ints: values });
const opsets = [7, 11, 17, 22];
/** Kernels must be known: the weights' shapes are. */
const declared = ['shapes'] as const;

function convolved(
  operator: 'Conv' | 'ConvTranspose',
  name: string,
  { x, w, b }: { readonly x: readonly number[]; readonly w: readonly number[]; readonly b?: number },
  attributes: Attributes = {},
): GradientCase {
  const inputs = { x: tensor(x, 1), w: tensor(w, 2), ...(b !== undefined && { b: tensor([b], 3) }) };
  return { operator, name, inputs, attributes, opsets, declared };
}

export const cases: readonly GradientCase[] = [
  convolved('Conv', 'plain', { x: [2, 2, 4, 5], w: [3, 2, 3, 2] }),
  convolved(
    'Conv',
    'padded, with a stride and a bias',
    { x: [2, 2, 5, 5], w: [3, 2, 3, 3], b: 3 },
    {
      pads: ints(1, 0, 1, 1),
      strides: ints(2, 1),
    },
  ),
  convolved(
    'Conv',
    'groups, with gaps',
    { x: [1, 4, 6, 5], w: [4, 2, 2, 2], b: 4 },
    {
      group: { int: 2 },
      dilations: ints(2, 1),
    },
  ),
  convolved(
    'Conv',
    'SAME_UPPER',
    { x: [1, 2, 5, 4], w: [2, 2, 2, 3] },
    {
      auto_pad: { string: 'SAME_UPPER' },
      strides: ints(2, 2),
    },
  ),
  convolved(
    'Conv',
    'SAME_LOWER',
    { x: [1, 2, 5, 4], w: [2, 2, 2, 3] },
    {
      auto_pad: { string: 'SAME_LOWER' },
      strides: ints(2, 1),
    },
  ),
  convolved('Conv', 'one axis', { x: [2, 3, 7], w: [2, 3, 3], b: 2 }, { pads: ints(1, 2) }),
  convolved(
    'Conv',
    'three axes',
    { x: [1, 2, 3, 4, 3], w: [2, 2, 2, 2, 2], b: 2 },
    {
      strides: ints(1, 2, 1),
    },
  ),
  convolved('ConvTranspose', 'plain', { x: [2, 3, 3, 2], w: [3, 2, 2, 3] }),
  convolved(
    'ConvTranspose',
    'a stride, more at the end, a bias',
    { x: [1, 2, 3, 3], w: [2, 3, 3, 3], b: 3 },
    {
      pads: ints(1, 1, 0, 1),
      strides: ints(2, 2),
      output_padding: ints(1, 0),
    },
  ),
  convolved('ConvTranspose', 'groups', { x: [1, 4, 3, 3], w: [4, 2, 2, 2], b: 4 }, { group: { int: 2 } }),
  convolved('ConvTranspose', 'one axis', { x: [2, 2, 5], w: [2, 3, 3] }, { strides: ints(3) }),
];
