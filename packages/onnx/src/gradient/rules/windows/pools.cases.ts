import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float32', [2, 2, 5, 6], 1, (u) => (u < 0.5 ? u - 1 : u));
const LINEAR = { step: 1, tolerance: 2e-4 };

export const cases: readonly GradientCase[] = [
  {
    operator: 'GlobalMaxPool',
    name: 'of distinct numbers',
    inputs: { x },
    opsets: [7, 17, 22],
    step: 1 / 1024,
    tolerance: 1e-2,
  },
  ...[1, 2, 3].map((p) => ({
    operator: 'GlobalLpPool',
    name: `p = ${p}`,
    inputs: { x },
    attributes: { p: { int: p } },
    opsets: [7, 17],
  })),
  ...[1, 2, 3].map((p) => ({
    operator: 'LpPool',
    name: `p = ${p}, padded`,
    inputs: { x },
    attributes: {
      p: { int: p },
      kernel_shape: { ints: [3, 2] },
      strides: { ints: [2, 1] },
      pads: { ints: [1, 0, 1, 1] },
    },
    opsets: [11, 17, 22],
  })),
  {
    operator: 'AveragePool',
    name: 'one axis',
    inputs: { x: randomTensor('float32', [2, 2, 7], 1) },
    attributes: { kernel_shape: { ints: [3] }, strides: { ints: [2] }, pads: { ints: [1, 1] } },
    opsets: [7, 11, 17, 19, 22],
    ...LINEAR,
  },
  {
    operator: 'MaxPool',
    name: 'column-major indices',
    inputs: { x },
    attributes: { kernel_shape: { ints: [2, 2] }, storage_order: { int: 1 } },
    outputs: 2,
    opsets: [8, 11, 17, 22],
    declared: ['shapes', 'ranks'],
    step: 1 / 1024,
    tolerance: 1e-2,
  },
  {
    operator: 'AveragePool',
    name: 'windows with gaps',
    inputs: { x },
    attributes: { kernel_shape: { ints: [2, 3] }, dilations: { ints: [2, 1] }, pads: { ints: [1, 0, 0, 1] } },
    opsets: [19, 22],
    declared: ['shapes', 'ranks'],
    ...LINEAR,
  },
  {
    operator: 'LpPool',
    name: 'ceil_mode and windows with gaps',
    inputs: { x },
    attributes: {
      kernel_shape: { ints: [2, 2] },
      strides: { ints: [2, 2] },
      dilations: { ints: [1, 2] },
      ceil_mode: { int: 1 },
    },
    opsets: [18, 22],
    declared: ['shapes', 'ranks'],
  },
  {
    operator: 'MaxUnpool',
    name: 'a number in each window',
    inputs: { x: randomTensor('float32', [1, 1, 2, 2], 2) },
    constants: { positions: { type: 'int64', dims: [1, 1, 2, 2], data: BigInt64Array.of(1n, 6n, 8n, 15n) } },
    attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
    opsets: [9, 11, 22],
    ...LINEAR,
  },
];
