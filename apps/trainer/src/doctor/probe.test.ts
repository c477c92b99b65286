import { referenceBackend } from '@cf/core';
import { expect, it, vi } from 'vitest';
import { PROBES, probe } from './probe.ts';

/** What openBackend gives instead of what it is asked for. */
const change = vi.hoisted(() => ({ factor: 1 }));

vi.mock('../engines/open-backend.ts', async (importOriginal) => {
  const original = await importOriginal<object>();
  return {
    ...original,
    openBackend: async (name: string) => {
      if (name === 'tfjs-webgpu')
        throw new (await import('@cf/core')).BackendError('nothing', 'a card', 'buy one.');
      if (name === 'gpujs-webgpu')
        throw new (await import('../errors.ts')).MissingPackageError(
          'it',
          ['gpu.js', 'webgpu'],
          'npm install gpu.js webgpu',
        );
      if (name === 'gpujs-cpu') throw new TypeError('a bug\nof two lines');
      const backend = referenceBackend();
      return {
        ...backend,
        async createHead(...args: Parameters<typeof backend.createHead>) {
          const head = await backend.createHead(...args);
          const step = async (...given: Parameters<typeof head.step>) => {
            const output = await head.step(...given);
            return { ...output, loss: output.loss * change.factor };
          };
          return { ...head, step };
        },
      };
    },
  };
});

it('what is there is proven by golden values, one of each loss, or is wrong and says which losses are', async () => {
  const right = await probe('backend reference');
  expect(right).toMatchObject({
    state: 'proven',
    told: expect.stringMatching(/^1\d golden cases off by \d\.\de-\d+, of 1e-11/),
  });
  change.factor = 1 + 1e-9;
  const wrong = await probe('backend reference');
  change.factor = 1;
  expect(wrong).toMatchObject({
    state: 'wrong',
    told: expect.stringMatching(/\(.*curricularface.*\)$/),
    fix: expect.stringContaining('cf conformance --backend reference'),
  });
});

it('what is not there is absent, with what brings it, and what breaks is no absence', async () => {
  expect(await probe('backend tfjs-webgpu')).toEqual({
    state: 'absent',
    told: 'nothing',
    fix: expect.stringMatching(/npm install webgpu @tensorflow\/tfjs-backend-webgpu'$/),
  });
  expect(await probe('backend gpujs-webgpu')).toEqual({
    state: 'absent',
    told: 'it without the packages gpu.js, webgpu',
    fix: 'run npm install gpu.js webgpu',
  });
  expect(await probe('backend gpujs-cpu')).toEqual({ state: 'crashed', told: 'a bug' });
  const elsewhere = process.platform === 'win32' ? 'coreml' : 'dml';
  expect(await probe(`provider ${elsewhere}`)).toMatchObject({
    state: 'absent',
    fix: expect.stringContaining('take onnxruntime-node'),
  });
  expect([PROBES[0], new Set(PROBES).size]).toEqual(['provider cpu', PROBES.length]);
});
