import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { encodeModel } from '../model/codec.ts';
import type { Model } from '../model/model.ts';
import { smallImages } from '../passes/testing.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { sessionModel } from './session-model.ts';

test('a model whose weights stand beside it computes the same', async () => {
  const embed = async (session: InferenceSession): Promise<unknown> => {
    const data = new Tensor('float32', smallImages(2, 1), [2, 2, 4, 4]);
    const { embedding } = await session.run({ data });
    await session.release();
    return embedding!.data;
  };
  const model = wide();
  const expected = await embed(await InferenceSession.create(encodeModel(model)));
  expect(sessionModel(model).options).toEqual({});
  const { bytes, options } = sessionModel(model, 1000);
  expect(options.externalData?.map(({ data }) => data.length)).toEqual([32 * 40 * 4]);
  expect(bytes.length).toBeLessThan(1000);
  expect(await embed(await InferenceSession.create(bytes, { ...options }))).toEqual(expected);
});

function wide(): Model {
  const b = new GraphBuilder();
  const flat = b.op('Flatten', [b.input('data', 'float32', ['N', 2, 4, 4])]);
  const product = b.op('MatMul', [flat, b.initializer('w', randomTensor('float32', [32, 40], 1))]);
  const sum = b.op('Add', [product, b.initializer('b', randomTensor('float32', [40], 2))]);
  b.output(b.op('Identity', [sum], {}, { outputs: ['embedding'] }), 'float32', ['N', 40]);
  return b.build();
}
