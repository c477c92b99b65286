import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

export const cases: readonly GradientCase[] = [
  {
    operator: 'Softsign',
    name: 'both signs, and 0, where the slope is 1',
    inputs: { x: randomTensor('float32', [2, 3], 1, (u) => (u < 0.2 ? 0 : 8 * u - 4)) },
    opsets: [7, 17],
    step: 1 / 128,
    tolerance: 1e-2,
  },
];
