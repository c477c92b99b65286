import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [2, 3, 4], 1);

export const cases: readonly GradientCase[] = [
  {
    operator: 'Transpose',
    name: 'a permutation',
    inputs: { x },
    attributes: { perm: { ints: [1, 2, 0] } },
    opsets: [11, 17, 25],
  },
  { operator: 'Transpose', name: 'none given', inputs: { x } },
];
