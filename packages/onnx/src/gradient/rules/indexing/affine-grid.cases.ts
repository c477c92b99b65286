import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

export const cases: readonly GradientCase[] = [0, 1].flatMap((aligned) => [
  {
    operator: 'AffineGrid',
    name: `two axes, align_corners ${aligned}`,
    inputs: { x: randomTensor('float32', [2, 2, 3], 1) },
    constants: { size: indices(2, 3, 4, 5) },
    attributes: { align_corners: { int: aligned } },
    opsets: [20, 25],
  },
  {
    operator: 'AffineGrid',
    name: `three axes, align_corners ${aligned}`,
    inputs: { x: randomTensor('float32', [2, 3, 4], 1) },
    constants: { size: indices(2, 1, 2, 3, 2) },
    attributes: { align_corners: { int: aligned } },
    opsets: [20, 25],
  },
]);
