import { curricularFace, sphereFace2 } from '@cf/core';
import * as runtime from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { briefWaiting } from '../runtime/sessions.ts';
import { onnxBackend } from './onnx-backend.ts';
import { problem } from './testing.ts';

/** Settings of the sessions that a step opens. */
async function opened(loss: ReturnType<typeof curricularFace>, version: string): Promise<string[]> {
  const extras: string[] = [];
  const create = (bytes: Uint8Array, options: runtime.InferenceSession.SessionOptions = {}) => {
    extras.push(JSON.stringify(options.extra));
    return runtime.InferenceSession.create(bytes, options);
  };
  const spied = {
    Tensor: runtime.Tensor,
    InferenceSession: { create },
    env: { versions: { node: version } },
  };
  const backend = await onnxBackend({ runtime: spied as never, threads: 1 });
  const head = await backend.createHead(loss);
  extras.length = 0;
  const bias = loss.bias && { bias: Float32Array.of(0) };
  await head.step({ ...problem(4, 9, 8), ...bias });
  head.dispose();
  return extras;
}

test('only where runs follow each other at once, threads wait for the next', async () => {
  const brief = (extras: string[]): number => extras.filter((extra) => /spin_duration/.test(extra)).length;
  const stopped = (extras: string[]): number => extras.filter((extra) => /force_spinning/.test(extra)).length;
  const two = await opened(curricularFace(), '1.30.0');
  expect([brief(two), stopped(two)]).toEqual([1, two.length - 1]);
  const one = await opened(sphereFace2(), '1.30.0');
  expect([brief(one), stopped(one)]).toEqual([0, one.length]);
  const old = await opened(curricularFace(), '1.29.3');
  expect([brief(old), stopped(old)]).toEqual([0, old.length]);
});

test.each([
  ['1.24.1', false],
  ['1.30.0', true],
  ['1.31.2', true],
  ['2.0.0', true],
  [undefined, false],
])('onnxruntime-node %s knows how to wait briefly: %s', (node, knows) => {
  expect(briefWaiting({ env: { versions: { node } } } as never) !== undefined).toBe(knows);
});
