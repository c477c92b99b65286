import type { TensorData } from '../../../model/tensor.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [2, 3, 4], 1);
const k = (number: number): { k: TensorData } => ({
  k: { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(number)) },
});

export const cases: readonly GradientCase[] = [
  { operator: 'Trilu', name: 'upper', inputs: { x }, opsets: [14, 17, 25] },
  {
    operator: 'Trilu',
    name: 'lower, of another diagonal',
    inputs: { x },
    constants: k(-1),
    attributes: { upper: { int: 0 } },
    opsets: [14, 17, 25],
  },
  {
    operator: 'ReverseSequence',
    name: 'time first',
    inputs: { x },
    constants: { lengths: indices(2, 1, 2) },
    opsets: [11, 17, 25],
  },
  {
    operator: 'ReverseSequence',
    name: 'batch first',
    inputs: { x },
    constants: { lengths: indices(3, 2) },
    attributes: { batch_axis: { int: 0 }, time_axis: { int: 1 } },
  },
];
