import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor, scalar } from '../../../testing/random-tensor.ts';

const x = randomTensor('float32', [2, 3], 1);

export const cases: readonly GradientCase[] = [
  { operator: 'Identity', name: 'any', inputs: { x }, opsets: [11, 17, 25] },
  {
    operator: 'Cast',
    name: 'to the same type',
    inputs: { x },
    attributes: { to: { int: 1 } },
    opsets: [11, 17, 25],
  },
  {
    operator: 'CastLike',
    name: 'to the same type',
    inputs: { x },
    constants: { like: scalar('float32', 1) },
    opsets: [17, 25],
  },
];
