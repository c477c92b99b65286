import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const a = randomTensor('float64', [2, 1, 3], 1);
const b = randomTensor('float64', [2, 4, 3], 2);

export const cases: readonly GradientCase[] = [
  {
    operator: 'Concat',
    name: 'a negative axis',
    inputs: { a, b },
    attributes: { axis: { int: -2 } },
    opsets: [11, 17, 25],
  },
  {
    operator: 'Concat',
    name: 'one input',
    inputs: { a },
    attributes: { axis: { int: 0 } },
    opsets: [17, 18],
  },
];
