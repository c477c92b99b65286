import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [2, 1, 3], 1);

export const cases: readonly GradientCase[] = [
  {
    operator: 'Tile',
    name: 'constant repeats',
    inputs: { x },
    constants: { repeats: indices(2, 3, 1) },
    opsets: [13, 17, 25],
  },
  {
    operator: 'Tile',
    name: 'computed repeats',
    inputs: { x, repeats: indices(1, 2, 2) },
    declared: ['ranks', 'nothing'],
  },
];
