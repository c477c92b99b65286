import { NonFiniteError } from '@cf/core';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError } from '../errors.ts';
import { encodeModel } from '../model/codec.ts';
import { graphOf } from '../model/model.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { smallNet } from './testing.ts';
import { readWeights, withWeights } from './with-weights.ts';

test('its own weights make the same file', () => {
  const model = smallNet({ dropout: 0.5 });
  const names = graphOf(model).initializer.map(({ name }) => name);
  expect(encodeModel(withWeights(model, readWeights(model, names)))).toEqual(encodeModel(model));
  expect(encodeModel(withWeights(model, new Map()))).toEqual(encodeModel(model));
});

test('new values take the place of old ones, and nothing else changes', () => {
  const model = smallNet();
  const before = encodeModel(model);
  const value = randomTensor('float32', [3], 99);
  const changed = withWeights(model, new Map([['conv.bias', value]]));
  expect(encodeModel(model)).toEqual(before);
  expect(readWeights(changed, ['conv.bias']).get('conv.bias')).toEqual(value);
  const others = graphOf(model).initializer.filter(({ name }) => name !== 'conv.bias');
  for (const tensor of others) expect(graphOf(changed).initializer).toContain(tensor);
  expect(graphOf(changed).node).toEqual(graphOf(model).node);
});

test('a weight in a Constant node is replaced there', () => {
  const builder = new GraphBuilder();
  builder.op('Constant', [], { value: { tensor: randomTensor('float32', [2], 1) } }, { outputs: ['c'] });
  const value = randomTensor('float32', [2], 2);
  const changed = withWeights(builder.build(), new Map([['c', value]]));
  expect(readWeights(changed, ['c']).get('c')).toEqual(value);
  expect(graphOf(changed).initializer).toEqual([]);
});

test('a name, shape, type or number that does not fit is an error', () => {
  const model = smallNet();
  const bias = (dims: readonly number[]): ReadonlyMap<string, ReturnType<typeof randomTensor>> =>
    new Map([['conv.bias', randomTensor('float32', dims, 1)]]);
  expect(() => withWeights(model, bias([4]))).toThrow(/conv.bias.*\[3\]/s);
  expect(() => withWeights(model, bias([3, 1]))).toThrow(OnnxGraphError);
  expect(() => withWeights(model, new Map([['conv.bias', randomTensor('float64', [3], 1)]]))).toThrow(
    OnnxGraphError,
  );
  expect(() => withWeights(model, new Map([['conv.bia', randomTensor('float32', [3], 1)]]))).toThrow(
    /did you mean 'conv.bias'/,
  );
  expect(() => readWeights(model, ['conv.bia'])).toThrow(/did you mean 'conv.bias'/);
  const bad = { type: 'float32', dims: [3], data: Float32Array.of(0, Number.NaN, 0) } as const;
  expect(() => withWeights(model, new Map([['conv.bias', bad]]))).toThrow(NonFiniteError);
});
