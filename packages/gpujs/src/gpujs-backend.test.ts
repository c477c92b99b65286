import { BackendError, createLoss } from '@cf/core';
import { GPU } from 'gpu.js';
import { expect, test } from 'vitest';
import { type GpujsMode, gpujsBackend } from './gpujs-backend.ts';
import { randomProblem } from './testing/random-problem.ts';

test('a backend says what it is', async () => {
  const backend = await gpujsBackend();
  expect(backend).toMatchObject({ name: 'gpujs-cpu', precision: 'float32' });
  await backend.dispose();
});

test.skipIf(GPU.isWebGLSupported)('a mode that is not available is an error, not another mode', async () => {
  const error = await gpujsBackend({ mode: 'webgl' }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BackendError);
  expect(error).toMatchObject({ code: 'E_BACKEND', given: expect.stringContaining("mode 'webgl'") });
  expect((error as BackendError).cause).toBeInstanceOf(Error);
});

test.skipIf(GPU.isWebGPUSupported)('webgpu without an adapter is an error', async () => {
  await expect(gpujsBackend({ mode: 'webgpu' })).rejects.toMatchObject({ code: 'E_BACKEND' });
});

test('an unknown mode is named, with the nearest one', async () => {
  await expect(gpujsBackend({ mode: 'webgpus' as GpujsMode })).rejects.toMatchObject({
    code: 'E_UNKNOWN_NAME',
    nearest: 'webgpu',
  });
});

test('bad options of a head are refused when it is made', async () => {
  const backend = await gpujsBackend();
  await expect(backend.createHead(createLoss('arcface'), { tileSize: 0 })).rejects.toMatchObject({
    code: 'E_OPTION_RANGE',
  });
  await backend.dispose();
});

test('what was disposed cannot be used; disposing twice is harmless', async () => {
  const loss = createLoss('arcface');
  const backend = await gpujsBackend();
  const head = await backend.createHead(loss);
  const other = await backend.createHead(loss);
  const input = randomProblem(loss, 1, 7, 7, 7);
  const before = await other.step(input);
  await head.step(input);
  head.dispose();
  head.dispose();
  await expect(head.step(input)).rejects.toMatchObject({ code: 'E_BACKEND' });
  expect(await other.step(input)).toEqual(before);

  await backend.dispose();
  await backend.dispose();
  await expect(other.step(input)).rejects.toMatchObject({ code: 'E_BACKEND' });
  await expect(backend.createHead(loss)).rejects.toMatchObject({ code: 'E_BACKEND' });
});
