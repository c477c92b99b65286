import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

export const cases: readonly GradientCase[] = [
  [2, 3, 4, 2],
  [2, 3, 5],
  [1, 2, 2, 2, 2],
].map((dims) => ({
  operator: 'GlobalAveragePool',
  name: `${dims.length - 2} axes`,
  inputs: { x: randomTensor('float32', dims, 1) },
  opsets: [7, 17, 22],
  declared: ['shapes', 'ranks'] as const,
}));
