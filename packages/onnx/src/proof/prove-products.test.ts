import * as runtime from 'onnxruntime-node';
import { expect, test } from 'vitest';
import type { HeadProducts, TileProducts } from '../head/tile-products.ts';
import { proveProducts } from './prove-products.ts';

/** Products in plain loops. @param error what is added to each */
function plain(error: number): HeadProducts {
  const open = (): TileProducts => ({
    forward({ x, weights, norms, products }) {
      const rows = norms.length;
      const dim = weights.length / rows;
      for (let i = 0; i < products.length / rows; i++)
        for (let j = 0; j < rows; j++) {
          let sum = error;
          for (let k = 0; k < dim; k++) sum += x[i * dim + k]! * weights[j * dim + k]!;
          products[i * rows + j] = sum;
        }
      norms.forEach((_, j) => {
        norms[j] = Math.hypot(...weights.subarray(j * dim, (j + 1) * dim));
      });
    },
    backward({ weights, norms, slopes, gradient, sums }) {
      const rows = norms.length;
      const dim = weights.length / rows;
      gradient.fill(0);
      for (let j = 0; j < rows; j++) {
        for (let i = 0; i < slopes.length / rows; i++)
          for (let k = 0; k < dim; k++) {
            gradient[j * dim + k]! += slopes[i * rows + j]! * sums.x[i * dim + k]!;
            sums.before[i * dim + k]! += slopes[i * rows + j]! * weights[j * dim + k]!;
          }
        let along = 0;
        for (let k = 0; k < dim; k++) along += gradient[j * dim + k]! * weights[j * dim + k]!;
        for (let k = 0; k < dim; k++)
          gradient[j * dim + k]! -= (along * weights[j * dim + k]!) / norms[j]! ** 2;
      }
    },
    dispose() {},
  });
  return { name: 'loops', implementation: 'ref', open };
}

test('products that compute what they should are proven', async () => {
  expect(await proveProducts(plain(0), { runtime })).toBeLessThan(2e-6);
});

test('others are an error that says by how much', async () => {
  await expect(proveProducts(plain(1e-3), { runtime, threads: 1 })).rejects.toThrow(
    /^loops, whose head deviates by \d\.\de-\d, expected at most 2e-5/,
  );
});
