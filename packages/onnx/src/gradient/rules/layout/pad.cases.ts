import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor, scalar } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [3, 4], 1);
const value = scalar('float64', 3);
const mode = (string: string): { mode: { string: string } } => ({ mode: { string } });
const pads = indices(1, 2, 2, 3);

export const cases: readonly GradientCase[] = [
  { operator: 'Pad', name: 'zeros', inputs: { x }, constants: { pads }, opsets: [11, 13, 17, 25] },
  {
    operator: 'Pad',
    name: 'a computed constant, some negative',
    inputs: { x, value },
    constants: { pads: indices(1, -1, -1, 2) },
    order: ['x', 'pads', 'value'],
  },
  {
    operator: 'Pad',
    name: 'computed pads',
    inputs: { x, pads },
    order: ['x', 'pads'],
    declared: ['ranks', 'nothing'],
  },
  {
    operator: 'Pad',
    name: 'axes',
    inputs: { x },
    constants: { pads: indices(1, 2), axes: indices(-1) },
    order: ['x', 'pads', '', 'axes'],
    opsets: [18, 25],
  },
  {
    operator: 'Pad',
    name: 'reflected',
    inputs: { x },
    constants: { pads },
    attributes: mode('reflect'),
    opsets: [11, 17, 25],
  },
  {
    operator: 'Pad',
    name: 'the edge',
    inputs: { x },
    constants: { pads },
    attributes: mode('edge'),
    opsets: [11, 17, 25],
  },
  {
    operator: 'Pad',
    name: 'wrapped',
    inputs: { x },
    constants: { pads },
    attributes: mode('wrap'),
    opsets: [19, 25],
  },
];
