import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [2, 3, 4], 1);

export const cases: readonly GradientCase[] = [
  {
    operator: 'Slice',
    name: 'from the front',
    inputs: { x },
    constants: { starts: indices(0, 1), ends: indices(1, 3) },
    opsets: [11, 17, 25],
  },
  {
    operator: 'Slice',
    name: 'from the end, beyond it',
    inputs: { x },
    constants: { starts: indices(-3, -9), ends: indices(100, -1), axes: indices(-1, 1) },
  },
  {
    operator: 'Slice',
    name: 'negative steps',
    inputs: { x },
    constants: {
      starts: indices(-1, 0),
      ends: indices(-100, 100),
      axes: indices(2, 1),
      steps: indices(-2, 2),
    },
    opsets: [11, 17, 25],
  },
  {
    operator: 'Slice',
    name: 'computed',
    inputs: { x, starts: indices(-2), ends: indices(3) },
    constants: { axes: indices(1) },
    declared: ['ranks', 'nothing'],
  },
];
