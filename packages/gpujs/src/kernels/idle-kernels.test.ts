import { createLoss } from '@cf/core';
import { GPU } from 'gpu.js';
import { expect, test } from 'vitest';
import { gpujsBackend } from '../gpujs-backend.ts';
import { randomProblem } from '../testing/random-problem.ts';
import { IdleKernels } from './idle-kernels.ts';
import { KernelSet } from './kernel-set.ts';
import { kernelText } from './kernel-source.ts';
import type { RawKernel } from './open-kernel.ts';

const destroyed: string[] = [];
const kernel = (name: string): RawKernel =>
  Object.assign(async () => name, { destroy: () => void destroyed.push(name) });

test('are handed on once, and those put there first go when their results come to too much', () => {
  destroyed.length = 0;
  const idle = new IdleKernels('cpu');
  const [a, b, c] = ['a', 'b', 'c'].map(kernel) as [RawKernel, RawKernel, RawKernel];
  idle.put('x', a, 10);
  idle.put('x', b, 10);
  expect([idle.take('y'), idle.take('x'), idle.take('x'), idle.take('x')]).toEqual([
    undefined,
    b,
    a,
    undefined,
  ]);
  expect([idle.size, destroyed]).toEqual([0, []]);
  idle.put('x', a, 10);
  idle.put('y', b, 10);
  idle.put('x', c, 2 ** 22 - 10);
  expect([idle.size, destroyed]).toEqual([2, ['b']]);
  idle.put('z', b, 2 ** 22 + 1);
  expect([idle.size, destroyed]).toEqual([0, ['b', 'a', 'c', 'b']]);
  for (let at = 0; at < 1025; at++) idle.put(`key ${at}`, kernel(`${at}`), 1);
  expect([idle.size, destroyed.at(-1)]).toEqual([1024, '0']);
  idle.dispose();
  expect([idle.size, destroyed.length]).toEqual([0, 4 + 1025]);
});

test('in WebAssembly they are few, for each has a memory of its own', () => {
  destroyed.length = 0;
  const idle = new IdleKernels('webasm');
  for (let at = 0; at < 40; at++) idle.put(`key ${at}`, kernel(`${at}`), 1);
  expect([idle.size, destroyed.length]).toEqual([32, 8]);
});

test('a head compiles nothing that one before it of the same backend has, unless that is in use or has failed', async () => {
  const gpu = new GPU({ mode: 'cpu' });
  const held = (gpu as unknown as { kernels: unknown[] }).kernels;
  const idle = new IdleKernels('cpu');
  const [first, second] = [new KernelSet(gpu, 'cpu', idle), new KernelSet(gpu, 'cpu', idle)];
  const one = { name: 'one', text: kernelText([], ['return 1;']), output: () => [1] };
  const wrong = { name: 'wrong', text: kernelText([], ['return missing;']), output: () => [1] };
  await first.run(one, { length: 1 }, []);
  await second.run(one, { length: 1 }, []);
  expect(held).toHaveLength(2);
  await expect(first.run(wrong, { length: 1 }, [])).rejects.toMatchObject({ code: 'E_BACKEND' });
  first.dispose();
  second.dispose();
  expect([idle.size, held.length]).toEqual([2, 2]);
  const third = new KernelSet(gpu, 'cpu', idle);
  expect([...((await third.run(one, { length: 1 }, [])) as Float32Array)]).toEqual([1]);
  expect([idle.size, held.length]).toEqual([1, 2]);
  third.dispose();
  idle.dispose();
  expect(held).toEqual([]);
  await gpu.destroy();
});

test.each(['cpu', 'webasm'] as const)(
  'heads that share kernels give the same bits, mode %s',
  async (mode) => {
    const losses = ['curricularface', 'arcface', 'softmax'].map((name) => createLoss(name));
    const inputs = losses.map((loss) => randomProblem(loss, 3, 7, 11, 5));
    const shared = await gpujsBackend({ mode });
    for (let round = 0; round < 2; round++) {
      for (const [at, loss] of losses.entries()) {
        const alone = await gpujsBackend({ mode });
        const steps = await Promise.all(
          [shared, shared, alone].map(async (backend) => {
            const head = await backend.createHead(loss, { tileSize: 4 });
            const output = await head.step(inputs[at]!);
            head.dispose();
            return output;
          }),
        );
        expect(steps[0]).toEqual(steps[2]);
        expect(steps[1]).toEqual(steps[2]);
        await alone.dispose();
      }
    }
    await shared.dispose();
  },
);
