import type { TensorData } from '../../../model/tensor.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const int64 = (dims: readonly number[], ...numbers: readonly number[]): TensorData => ({
  type: 'int64',
  dims,
  data: BigInt64Array.from(numbers, BigInt),
});
const add = { reduction: { string: 'add' } };
const x = randomTensor('float64', [3, 4], 1);
const elements = {
  x,
  i: int64([2, 4], 0, 2, 1, -1, 1, 0, 2, 0),
  updates: randomTensor('float64', [2, 4], 2),
};
const slices = { x, i: int64([2, 1], 2, -3), updates: randomTensor('float64', [2, 4], 3) };

export const cases: readonly GradientCase[] = [
  { operator: 'ScatterElements', name: 'overwriting', inputs: elements, opsets: [11, 13, 17, 25] },
  { operator: 'ScatterElements', name: 'adding', inputs: elements, attributes: add, opsets: [16, 17, 25] },
  { operator: 'ScatterND', name: 'slices, overwriting', inputs: slices, opsets: [11, 13, 17, 25] },
  { operator: 'ScatterND', name: 'slices, adding', inputs: slices, attributes: add, opsets: [16, 17, 25] },
  {
    operator: 'ScatterND',
    name: 'elements',
    inputs: { x, i: int64([2, 2], 2, 1, 0, 3), updates: randomTensor('float64', [2], 3) },
  },
];
