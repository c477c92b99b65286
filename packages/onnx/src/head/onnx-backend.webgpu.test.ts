import { curricularFace } from '@cf/core';
import * as runtime from 'onnxruntime-node';
import { describe, expect, test, vi } from 'vitest';
import { onAdapter } from '../../../../testing/webgpu-adapter.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import { conformanceTests } from '../runtime/testing/conformance-tests.ts';
import { forkedRun } from '../runtime/testing/forked-run.ts';
import { onnxBackend } from './onnx-backend.ts';

describe('onnx on the webgpu provider in Node (needs an adapter)', () => {
  conformanceTests(() => onAdapter((environment) => forkedRun('webgpu-process.ts', environment)));
});

/** onnxruntime-node, computing on the processor whatever the provider; it knows how many sessions are open. */
function countingRuntime(): { readonly runtime: OnnxRuntime; readonly open: () => number } {
  let open = 0;
  const create: OnnxRuntime['InferenceSession']['create'] = async (model, options) => {
    const session = await runtime.InferenceSession.create(model, { ...options, executionProviders: ['cpu'] });
    open++;
    return {
      run: (feeds, fetches) => session.run(feeds as Parameters<typeof session.run>[0], Object.keys(fetches)),
      async release() {
        open--;
        await session.release();
      },
    };
  };
  return { runtime: { Tensor: runtime.Tensor, InferenceSession: { create } }, open: () => open };
}

// One holds the device, and with it the kernels that were compiled for it.
test.each([
  ['webgpu', 1],
  ['cpu', 0],
])('between heads a backend on %s holds %i sessions', async (provider, held) => {
  const { runtime, open } = countingRuntime();
  const backend = await onnxBackend({ runtime, provider, threads: 1 });
  const head = await backend.createHead(curricularFace());
  await head.step({
    embeddings: Float32Array.of(1, 2),
    weights: Float32Array.of(2, 1, 0, 3),
    labels: [1],
    dim: 2,
  });
  expect(open()).toBeGreaterThan(held);
  head.dispose();
  await vi.waitFor(() => expect(open()).toBe(held));
  await backend.dispose();
  await backend.dispose();
  expect(open()).toBe(0);
});
