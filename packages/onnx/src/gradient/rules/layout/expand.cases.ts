import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [3, 1], 1);

export const cases: readonly GradientCase[] = [
  {
    operator: 'Expand',
    name: 'new axes, and sizes of 1 that change nothing',
    inputs: { x },
    constants: { shape: indices(2, 1, 4) },
    opsets: [11, 17, 25],
  },
  {
    operator: 'Expand',
    name: 'a computed shape',
    inputs: { x, shape: indices(2, 3, 4) },
    declared: ['ranks', 'nothing'],
  },
];
