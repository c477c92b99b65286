import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const a = randomTensor('float64', [2, 3], 1);
const b = randomTensor('float64', [3, 4], 2);
const opsets = [11, 13, 17, 25];

export const cases: readonly GradientCase[] = [
  { operator: 'Gemm', name: 'without a third', inputs: { a, b }, opsets },
  {
    operator: 'Gemm',
    name: 'a row, factors',
    inputs: { a, b, c: randomTensor('float64', [4], 3) },
    attributes: { alpha: { float: 0.5 }, beta: { float: -2 } },
    opsets,
  },
  { operator: 'Gemm', name: 'a column', inputs: { a, b, c: randomTensor('float64', [2, 1], 3) } },
  { operator: 'Gemm', name: 'a scalar', inputs: { a, b, c: randomTensor('float64', [], 3) } },
  {
    operator: 'Gemm',
    name: 'both transposed',
    inputs: {
      a: randomTensor('float64', [3, 2], 1),
      b: randomTensor('float64', [4, 3], 2),
      c: randomTensor('float64', [2, 4], 3),
    },
    attributes: { transA: { int: 1 }, transB: { int: 1 } },
    opsets,
  },
];
