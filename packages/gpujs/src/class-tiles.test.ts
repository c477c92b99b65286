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
    batch: { loss, x, weights, bias: undefined, classes: 10, subCenters: 1 },
    set,
    kernels: headKernels(loss),
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

async function withSubCenters(keptNumbers: number, use: (tiles: ClassTiles) => Promise<void>): Promise<void> {
  const gpu = new GPU({ mode: 'cpu' });
  const tiles = await ClassTiles.open({
    batch: {
      loss,
      x: unitRows(Float32Array.of(1, 0, 0, 1), 2, 0, 2),
      // Three rows a class: the second class has its first and last row alike.
      weights: Float32Array.of(0, 1, 1, 0, -1, 0, 3, 4, 0, -1, 3, 4, 0, 2, 0, 0, -1, 0),
      bias: undefined,
      classes: 3,
      subCenters: 3,
    },
    set: new KernelSet(gpu, 'cpu'),
    kernels: headKernels(loss),
    tileSize: 2,
    keptNumbers,
  });
  await use(tiles);
  tiles.dispose();
  await gpu.destroy();
}

test('of the rows of a class the nearest counts, of equal ones the first; whole classes to a tile', () =>
  withSubCenters(1000, async (tiles) => {
    const seen: unknown[] = [];
    await tiles.each('backwards', async ({ firstClass, shape, cosines, winners }) => {
      seen.push([firstClass, shape.classes, shape.rows, cosines, winners]);
    });
    const matrix = (...rows: number[][]) => rows.map((row) => Float32Array.from(row));
    expect(seen).toEqual([
      [2, 1, 3, matrix([0, 1]), matrix([0, 0])],
      [0, 2, 6, matrix([1, 1], [0.6, 0.8]), matrix([1, 0], [0, 0])],
    ]);
  }));

// 2 classes × 2 samples of cosines and of winners, and 6 rows of 2 numbers.
test.each([
  [20, true],
  [19, false],
])('the winners count among the numbers of a tile: with a budget of %d it is kept: %s', (budget, kept) =>
  withSubCenters(budget, async (tiles) => {
    const take = () => tiles.use(0, async ({ cosines }) => cosines);
    const first = await take();
    expect((await take()) === first).toBe(kept);
  }),
);
