import { expect, test } from 'vitest';
import type { OnnxRuntime } from '../onnx-runtime.ts';
import { keptSessions } from './kept-sessions.ts';

test('a released session is the next one of its model and options, and the first released go when there are many', async () => {
  const [opened, released]: [string[], string[]] = [[], []];
  const create: OnnxRuntime['InferenceSession']['create'] = async (model, options) => {
    const name = `${model} ${options?.intraOpNumThreads}`;
    opened.push(name);
    return { run: async () => ({}), release: async () => void released.push(name) };
  };
  const { InferenceSession } = keptSessions({ InferenceSession: { create }, Tensor: undefined as never });
  const open = (model: number[], intraOpNumThreads: number) =>
    InferenceSession.create(Uint8Array.from(model), { intraOpNumThreads });
  await (await open([1, 200], 1)).release();
  const again = await open([1, 200], 1);
  expect([opened, released]).toEqual([['1,200 1'], []]);
  await open([1, 200], 1);
  await open([1, 201], 1);
  await open([1, 200], 2);
  expect(opened).toEqual(['1,200 1', '1,200 1', '1,201 1', '1,200 2']);
  await again.release();
  for (let at = 0; at < 256; at++) await (await open([at], 3)).release();
  expect(released).toEqual(['1,200 1']);
});
