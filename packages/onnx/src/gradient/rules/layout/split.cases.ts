import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [2, 7], 1);
const axis = { int: -1 };

export const cases: readonly GradientCase[] = [
  {
    operator: 'Split',
    name: 'sizes',
    inputs: { x },
    constants: { sizes: indices(4, 1, 2) },
    attributes: { axis },
    outputs: 3,
    of: 1,
    opsets: [13, 17, 25],
  },
  {
    operator: 'Split',
    name: 'a last part that is smaller',
    inputs: { x },
    attributes: { axis, num_outputs: { int: 3 } },
    outputs: 3,
    of: 2,
    opsets: [18, 25],
  },
  {
    operator: 'Split',
    name: 'equal parts',
    inputs: { x },
    attributes: { axis: { int: 0 } },
    outputs: 2,
    of: 0,
    opsets: [13, 17],
  },
];
