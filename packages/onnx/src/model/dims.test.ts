import { expect, it } from 'vitest';
import { rowMajorStrides, sizeOf } from './dims.ts';

it('a shape has as many elements as the product of its sides, and lies row by row', () => {
  expect([[], [3], [2, 3, 4], [2, 0, 4]].map(sizeOf)).toEqual([1, 3, 24, 0]);
  expect([[], [3], [2, 3, 4], [2, 0, 4]].map(rowMajorStrides)).toEqual([[], [1], [12, 4, 1], [0, 4, 1]]);
});
