import type { TensorData } from '../../../model/tensor.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [2, 3, 4], 1);
const int64 = (dims: readonly number[], ...numbers: readonly number[]): TensorData => ({
  type: 'int64',
  dims,
  data: BigInt64Array.from(numbers, BigInt),
});
const axis = (int: number): { axis: { int: number } } => ({ axis: { int } });

export const cases: readonly GradientCase[] = [
  {
    operator: 'Gather',
    name: 'one constant index',
    inputs: { x },
    constants: { i: int64([], -2) },
    attributes: axis(1),
    opsets: [11, 17, 25],
  },
  {
    operator: 'Gather',
    name: 'one constant index in a vector',
    inputs: { x },
    constants: { i: indices(1) },
    attributes: axis(-1),
  },
  { operator: 'Gather', name: 'a computed scalar', inputs: { x, i: int64([], 2) }, attributes: axis(1) },
  {
    operator: 'Gather',
    name: 'a matrix, repeated and negative',
    inputs: { x, i: int64([2, 2], 2, 0, -1, 2) },
    attributes: axis(-2),
    opsets: [11, 17, 25],
  },
  {
    operator: 'Gather',
    name: 'rows of a table',
    inputs: { x: randomTensor('float64', [5, 3], 2), i: int64([2, 3], 4, 0, 4, 1, -1, 2) },
  },
  {
    operator: 'GatherElements',
    name: 'repeated and negative',
    inputs: { x: randomTensor('float64', [3, 3], 2), i: int64([2, 3], 0, 2, 0, -1, 2, 0) },
    attributes: axis(0),
    opsets: [11, 17, 25],
  },
  {
    operator: 'GatherElements',
    name: 'the last axis',
    inputs: { x: randomTensor('float64', [2, 3], 2), i: int64([2, 2], 0, 0, -1, 2) },
    attributes: axis(-1),
  },
  { operator: 'GatherND', name: 'slices', inputs: { x, i: int64([3, 1], 1, 0, 1) }, opsets: [11, 17, 25] },
  {
    operator: 'GatherND',
    name: 'a batch axis',
    inputs: { x, i: int64([2, 2, 1], 0, 2, -1, 2) },
    attributes: { batch_dims: { int: 1 } },
    opsets: [12, 17, 25],
  },
];
