import { createLoss, unitRows } from '@cf/core';
import { GPU } from 'gpu.js';
import { expect, test } from 'vitest';
import { ClassTiles } from './class-tiles.ts';
import { headKernels } from './kernels/head-kernels.ts';
import { KernelSet } from './kernels/kernel-set.ts';
import { randomProblem } from './testing/random-problem.ts';

const loss = createLoss('arcface');
const { embeddings, weights } = randomProblem(loss, 1, 3, 10, 4);

async function cosinesTwice(keptNumbers: number): Promise<[Float32Array[], Float32Array[]]> {
  const gpu = new GPU({ mode: 'cpu' });
  const set = new KernelSet(gpu, 'cpu');
  const x = unitRows(embeddings, 4, 0, 3);
  const tiles = await ClassTiles.open({
    loss,
    set,
    kernels: headKernels(loss),
    x,
    weights,
    bias: undefined,
    tileSize: 4,
    keptNumbers,
  });
  expect(tiles.count).toBe(3);
  const take = () => tiles.use(2, async ({ cosines }) => cosines as Float32Array[]);
  const both: [Float32Array[], Float32Array[]] = [await take(), await take()];
  tiles.dispose();
  await gpu.destroy();
  return both;
}

test('a tile within the budget is kept; another is computed again, with the same bits', async () => {
  const [first, kept] = await cosinesTwice(1000);
  expect(kept).toBe(first);
  const [before, again] = await cosinesTwice(0);
  expect(again).not.toBe(before);
  expect(again).toEqual(before);
  expect(before).toEqual(first);
  expect(before.map((row) => row.length)).toEqual([3, 3]);
});
