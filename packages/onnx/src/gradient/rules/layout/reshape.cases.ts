import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [2, 3, 4], 1);
const ones = randomTensor('float64', [2, 1, 3, 1], 2);

export const cases: readonly GradientCase[] = [
  {
    operator: 'Reshape',
    name: 'sizes kept and left open',
    inputs: { x },
    constants: { shape: indices(0, 2, -1) },
    opsets: [11, 13, 17, 25],
  },
  {
    operator: 'Reshape',
    name: 'computed',
    inputs: { x, shape: indices(6, 4) },
    declared: ['ranks', 'nothing'],
  },
  {
    operator: 'Reshape',
    name: 'allowzero',
    inputs: { x },
    constants: { shape: indices(4, 6) },
    attributes: { allowzero: { int: 1 } },
    opsets: [14, 25],
  },
  {
    operator: 'Flatten',
    name: 'a negative axis',
    inputs: { x },
    attributes: { axis: { int: -1 } },
    opsets: [11, 17, 25],
  },
  { operator: 'Flatten', name: 'axis 0', inputs: { x }, attributes: { axis: { int: 0 } } },
  {
    operator: 'Squeeze',
    name: 'axes',
    inputs: { x: ones },
    constants: { axes: indices(1, -1) },
    opsets: [13, 17, 25],
  },
  {
    operator: 'Squeeze',
    name: 'axes as an attribute',
    inputs: { x: ones },
    attributes: { axes: { ints: [1, -1] } },
    opsets: [11],
  },
  { operator: 'Squeeze', name: 'none given', inputs: { x: ones }, opsets: [11, 17, 25] },
  {
    operator: 'Unsqueeze',
    name: 'axes',
    inputs: { x },
    constants: { axes: indices(0, -1) },
    opsets: [13, 17, 25],
  },
  {
    operator: 'Unsqueeze',
    name: 'axes as an attribute',
    inputs: { x },
    attributes: { axes: { ints: [0, -1] } },
    opsets: [11],
  },
];
