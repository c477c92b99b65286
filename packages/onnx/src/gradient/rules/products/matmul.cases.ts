import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const product = (
  a: readonly number[],
  b: readonly number[],
  opsets: readonly number[] = [17],
): GradientCase => ({
  operator: 'MatMul',
  name: `[${a}] · [${b}]`,
  inputs: { a: randomTensor('float64', a, 1), b: randomTensor('float64', b, 2) },
  opsets,
  declared: ['shapes', 'ranks'],
  since: '1.26.0',
});

export const cases: readonly GradientCase[] = [
  product([2, 3], [3, 4], [11, 13, 17, 25]),
  product([3], [3]),
  product([3], [3, 4]),
  product([2, 5, 4, 3], [3]),
  product([3], [5, 3, 4]),
  product([2, 1, 2, 3], [4, 3, 2], [11, 25]),
  product([2, 3], [5, 3, 4]),
  product([5, 2, 3], [3, 4]),
];
