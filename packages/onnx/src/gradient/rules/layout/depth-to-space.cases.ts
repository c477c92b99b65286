import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const blocksize = { int: 2 };
const x = randomTensor('float32', [2, 8, 1, 3], 1);

export const cases: readonly GradientCase[] = [
  { operator: 'DepthToSpace', name: 'DCR', inputs: { x }, attributes: { blocksize }, opsets: [11, 17] },
  {
    operator: 'DepthToSpace',
    name: 'CRD',
    inputs: { x },
    attributes: { blocksize, mode: { string: 'CRD' } },
    opsets: [11, 13, 17, 25],
  },
  {
    operator: 'SpaceToDepth',
    name: 'blocks of 2',
    inputs: { x: randomTensor('float32', [2, 3, 4, 6], 2) },
    attributes: { blocksize },
    opsets: [11, 17, 25],
  },
];
