import { expect, test } from 'vitest';
import { nearest, spreadSlopes } from './sub-centers.ts';

// Two samples, two classes, three rows each; the norms of the rows are 1, 2, 1 and 1, 1, 4.
const products = Float32Array.of(1, 3, 1.5, -2, -1, -8, 0.5, 1, -1, 4, 4, 8);
const inverse = Float32Array.of(1, 0.5, 1, 1, 1, 0.25);
const rows = { products, inverse, bias: undefined, subCenters: 3 };

test('the nearest is the largest cosine, of equal ones the first', () => {
  const [cosines, winners] = [new Float32Array(4), new Int32Array(4)];
  nearest(rows, cosines, winners, 2);
  expect([...cosines]).toEqual([1.5, -1, 0.5, 4]);
  expect([...winners]).toEqual([1, 1, 0, 0]);
});

test('inner products count as they are, and a bias is added to the largest', () => {
  const [cosines, winners] = [new Float32Array(4), new Int32Array(4)];
  nearest({ ...rows, inverse: undefined, bias: Float32Array.of(10, 20) }, cosines, winners, 2);
  expect([...cosines]).toEqual([13, 19, 11, 28]);
  expect([...winners]).toEqual([1, 1, 1, 2]);
});

test('slopes go to the nearest, divided by its norm', () => {
  const slopes = new Float32Array(12).fill(7);
  spreadSlopes(Float32Array.of(1, 2, 3, 4), Int32Array.of(1, 2, 0, 1), rows, 2, slopes);
  expect([...slopes]).toEqual([0, 0.5, 0, 0, 0, 0.5, 3, 0, 0, 0, 4, 0]);
});
