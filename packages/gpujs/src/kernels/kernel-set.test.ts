import { createLoss } from '@cf/core';
import { GPU } from 'gpu.js';
import { expect, test } from 'vitest';
import { matrixInput } from '../matrix-input.ts';
import { cosinesKernel } from './dense-kernels.ts';
import { KernelSet } from './kernel-set.ts';
import { kernelText, loop } from './kernel-source.ts';

const cosines = cosinesKernel(createLoss('normface'));
const ones = (rows: number, columns: number) =>
  matrixInput(new Float32Array(rows * columns).fill(1), columns);

test('a kernel is compiled once a shape, and all are destroyed together', async () => {
  const gpu = new GPU({ mode: 'cpu' });
  const held = (gpu as unknown as { kernels: unknown[] }).kernels;
  const set = new KernelSet(gpu, 'cpu');
  for (let run = 0; run < 3; run++) {
    await set.run(cosines, { batch: 2, classes: 3, dim: 4 }, [ones(2, 4), ones(3, 4)]);
  }
  expect(set.size).toBe(1);
  const wide = await set.matrix(cosines, { batch: 2, classes: 5, dim: 4 }, [ones(2, 4), ones(5, 4)]);
  expect(wide.map((row) => row.length)).toEqual([5, 5]);
  expect(set.size).toBe(2);
  expect(held.length).toBe(2);
  set.dispose();
  expect(set.size).toBe(0);
  expect(held.length).toBe(0);
  await gpu.destroy();
});

test('loops longer than 1000 run to their end', async () => {
  const gpu = new GPU({ mode: 'cpu' });
  const set = new KernelSet(gpu, 'cpu');
  const text = kernelText(['x'], [...loop('j', 'classes', 0, ['result += x[0][j];']), 'return result;']);
  const source = { name: 'sum', text, output: 'batch', resident: false } as const;
  const sum = await set.vector(source, { batch: 1, classes: 2500, dim: 1 }, [ones(1, 2500)]);
  expect([...sum]).toEqual([2500]);
  await gpu.destroy();
});

test('a kernel that gpu.js moved to another mode is an error', async () => {
  const fallen = Object.assign(async () => new Float32Array(1), {
    fallbackReason: 'too many textures',
    destroy() {},
  });
  const gpu = { createKernel: () => fallen } as unknown as GPU;
  const run = new KernelSet(gpu, 'webgl2').run(cosines, { batch: 1, classes: 1, dim: 1 }, []);
  await expect(run).rejects.toMatchObject({
    code: 'E_BACKEND',
    given: "kernel 'cosines' in mode 'webgl2' (too many textures)",
  });
});
