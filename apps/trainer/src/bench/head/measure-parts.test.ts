import { expect, test } from 'vitest';
import type { HeadReport } from './bench-head.ts';
import { formatHead } from './format-head.ts';
import type { HeadTask } from './head-task.ts';
import { type HeadParts, measureParts } from './measure-parts.ts';
import { openTileProducts } from './tile-products.ts';

const TASK: HeadTask = {
  ...{ backend: 'onnx', batch: 64, dim: 32, classes: 20_000, subCenters: 1, loss: 'curricularface' },
  ...{ regime: 'init', steps: 3, threads: 1, diagnostics: false, seed: 1 },
};

test.each(['curricularface', 'sphereface2'])('the parts of a step of %s are told', async (loss) => {
  const parts = await measureParts({ ...TASK, loss, parts: true });
  const { step, products, normsAndTangents, exponentials, mask, calls, batch } = parts;
  for (const part of [step, products, exponentials, calls, batch]) expect(part).toBeGreaterThan(0);
  // A difference of two times, which may be below 0 on a busy machine.
  expect(normsAndTangents).not.toBeNaN();
  expect(mask).toBeGreaterThanOrEqual(0);
  // 2 MiB of float32 are 8192 rows of 64: three tiles, with two calls each.
  expect(parts.callCount).toBe(6);
  expect(parts.productRate).toBeGreaterThan(1e8);
});

test('products in tiles are taken of all rows, whatever the number of tiles', async () => {
  const [batch, dim, rows] = [3, 4, 10];
  const gradWeights = new Float32Array(rows * dim).fill(Number.NaN);
  const weights = new Float32Array(rows * dim).fill(1);
  const products = await openTileProducts({ batch, dim, tiles: 4, threads: 1, weights, gradWeights });
  expect(await products.measure()).toBeGreaterThan(0);
  expect(await products.measureCall()).toBeGreaterThan(0);
  await products.close();
  // x of ones half, S = x·Wᵀ of the last tile of each size: no entry is left as it was.
  expect(gradWeights.every(Number.isFinite)).toBe(true);
});

test('a report tells where the time goes, and what a small head takes', () => {
  const parts: HeadParts = {
    ...{ step: 0.05, productRate: 4e11, products: 0.04, normsAndTangents: 0.004, exponentials: 0.002 },
    ...{ mask: 0.001, calls: 0.0008, callCount: 40, batch: 0.0022 },
  };
  const peer = { name: 'PyTorch', version: '1', medianSeconds: 0.006, speedup: 3 };
  const report: HeadReport = {
    ...{ backend: 'onnx', batch: 256, dim: 512, classes: 20_000, subCenters: 1, loss: 'curricularface' },
    ...{ steps: 15, threads: 2, diagnostics: false, limitSeconds: 0.035, medianSeconds: 0.05 },
    ...{
      ratioToLimit: 1.43,
      skippedShare: 0,
      products: 'oneDNN 2.6.3',
      peakExtraMiB: 55,
      memoryOf: 'process',
      late: null,
      parts,
    },
    small: { batch: 32, classes: 1000, medianSeconds: 0.002, peers: [peer] },
    ...{ peers: [], skippedPeers: [] },
  };
  const text = formatHead(report);
  for (const line of [
    /three products +40\.0 ms +80 %/,
    /norms, tangents +4\.0 ms +8 %/,
    /exponentials +2\.0 ms +4 %/,
    /mask, margins +1\.0 ms +2 %/,
    /calls +0\.8 ms +2 %, 40 of the runtime/,
    /batch in float64 +2\.2 ms +4 %/,
    /small +2\.0 ms a step of batch 32, 1000 classes/,
    /PyTorch \(1\): 6\.0 ms, 3\.0 times ours/,
  ])
    expect(text).toMatch(line);
  expect(formatHead({ ...report, parts: null, small: null })).not.toMatch(/small|norms/);
});
