import type { TensorData } from '../../../model/tensor.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const x: TensorData = { type: 'float64', dims: [2, 4], data: Float64Array.of(0.5, -1, 3, 2, 8, 7, -2, 1) };
const no = { int: 0 };

export const cases: readonly GradientCase[] = [
  {
    operator: 'TopK',
    name: 'greatest',
    inputs: { x },
    constants: { k: indices(2) },
    outputs: 2,
    opsets: [11, 17, 24],
  },
  {
    operator: 'TopK',
    name: 'least of another axis, unsorted',
    inputs: { x },
    constants: { k: indices(1) },
    attributes: { axis: no, largest: no, sorted: no },
    outputs: 2,
  },
  {
    operator: 'OneHot',
    name: 'both values',
    inputs: { values: randomTensor('float32', [2], 1), i: indices(1, -1, 5, 0) },
    constants: { depth: indices(3) },
    order: ['i', 'depth', 'values'],
    attributes: { axis: no },
    opsets: [11, 17, 25],
  },
];
