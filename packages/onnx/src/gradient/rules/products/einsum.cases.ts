import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const einsum = (equation: string, ...dims: readonly (readonly number[])[]): GradientCase => ({
  operator: 'Einsum',
  name: equation,
  inputs: Object.fromEntries(dims.map((shape, i) => ['abc'[i]!, randomTensor('float64', shape, i + 1)])),
  attributes: { equation: { string: equation } },
  opsets: [12, 17, 25],
  declared: ['shapes', 'ranks'],
});

export const cases: readonly GradientCase[] = [
  einsum('bij,bjk->bik', [2, 3, 2], [2, 2, 4]),
  einsum('bhqd, bkhd -> bhqk', [2, 2, 3, 2], [2, 4, 2, 2]),
  einsum('ij,kj', [2, 3], [4, 3]),
  einsum('ij->i', [2, 3]),
  einsum('ij->', [2, 3]),
  einsum('i,i->', [3], [3]),
  einsum('i,j->ij', [2], [3]),
  einsum('ij,k->i', [2, 3], [4]),
  einsum('...ij,...jk->...ik', [4, 2, 3], [4, 3, 2]),
  einsum('...ij,jk->...ik', [4, 2, 3], [3, 2]),
  einsum('...d,...d,de->...e', [2, 4, 3], [2, 4, 3], [3, 2]),
  einsum('...d,ed', [2, 2, 3], [2, 3]),
  einsum('i,ij,j->', [2], [2, 3], [3]),
  einsum('ba', [2, 3]),
];
