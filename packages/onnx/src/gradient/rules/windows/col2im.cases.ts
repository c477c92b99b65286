import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const ints = (...values: readonly number[]): { ints: readonly number[] } => ({ ints: values });

export const cases: readonly GradientCase[] = [
  {
    operator: 'Col2Im',
    name: 'blocks that overlap',
    inputs: { x: randomTensor('float32', [2, 12, 6], 1) },
    constants: { image: indices(4, 3), block: indices(2, 2) },
    opsets: [18, 25],
  },
  {
    operator: 'Col2Im',
    name: 'padded, with strides and gaps',
    inputs: { x: randomTensor('float32', [1, 8, 9], 2) },
    constants: { image: indices(5, 4), block: indices(2, 2) },
    attributes: { pads: ints(1, 1, 1, 1), strides: ints(2, 2), dilations: ints(2, 1) },
    opsets: [18, 25],
  },
];
