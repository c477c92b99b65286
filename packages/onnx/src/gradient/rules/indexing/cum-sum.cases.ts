import type { TensorData } from '../../../model/tensor.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const x = randomTensor('float64', [2, 3], 1);
const at = (axis: number): { axis: TensorData } => ({
  axis: { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(axis)) },
});
const yes = { int: 1 };

export const cases: readonly GradientCase[] = [
  { operator: 'CumSum', name: 'the last axis', inputs: { x }, constants: at(-1), opsets: [11, 17, 25] },
  { operator: 'CumSum', name: 'exclusive', inputs: { x }, constants: at(0), attributes: { exclusive: yes } },
  {
    operator: 'CumSum',
    name: 'exclusive, in reverse',
    inputs: { x },
    constants: at(1),
    attributes: { exclusive: yes, reverse: yes },
    opsets: [11, 17, 25],
  },
];
