import { createLoss } from '@cf/core';
import { GPU } from 'gpu.js';
import { expect, test } from 'vitest';
import { matrixInput } from '../matrix-input.ts';
import { cosinesKernel } from './dense-kernels.ts';
import { KernelSet } from './kernel-set.ts';
import { type KernelSource, kernelText, loop, sumOf } from './kernel-source.ts';

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
  const wide = (await set.run(cosines, { batch: 2, classes: 5, dim: 4 }, [
    ones(2, 4),
    ones(5, 4),
  ])) as Float32Array[];
  expect(wide.map((row) => row.length)).toEqual([2, 2, 2, 2, 2]);
  expect(set.size).toBe(2);
  expect(held.length).toBe(2);
  set.dispose();
  expect(set.size).toBe(0);
  expect(held.length).toBe(0);
  await gpu.destroy();
});

test('kernels of two losses under one name are two kernels', async () => {
  const gpu = new GPU({ mode: 'cpu' });
  const set = new KernelSet(gpu, 'cpu');
  const of = (number: number): KernelSource => ({
    name: 'same',
    text: kernelText([], [`return ${number};`]),
    output: () => [1],
  });
  for (const number of [1, 2, 1]) {
    expect([...((await set.run(of(number), { length: 1 }, [])) as Float32Array)]).toEqual([number]);
  }
  expect(set.size).toBe(2);
  set.dispose();
  await gpu.destroy();
});

test.each(['cpu', 'webasm'] as const)('loops longer than 1000 run to their end, mode %s', async (mode) => {
  const gpu = new GPU({ mode });
  const set = new KernelSet(gpu, mode);
  const text = kernelText(
    ['x'],
    [
      'let rounds = 0;',
      ...loop('c', 'length', ['rounds += 1;']),
      ...sumOf('j', 'length', (j) => `x[0][${j}]`),
      'return result + rounds;',
    ],
  );
  const source: KernelSource = { name: 'sum', text, output: () => [1] };
  for (const length of [2500, 2503]) {
    expect([...((await set.run(source, { length }, [ones(1, length)])) as Float32Array)]).toEqual([
      2 * length,
    ]);
  }
  set.dispose();
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

test('a kernel that gpu.js refuses is an error that names it', async () => {
  const refusing = Object.assign(() => Promise.reject(new Error('texture too large')), { destroy() {} });
  const gpu = { createKernel: () => refusing } as unknown as GPU;
  const run = new KernelSet(gpu, 'webgl2').run(cosines, { batch: 1, classes: 1, dim: 1 }, []);
  await expect(run).rejects.toMatchObject({
    code: 'E_BACKEND',
    given: "kernel 'cosines' in mode 'webgl2' (texture too large)",
  });
});
