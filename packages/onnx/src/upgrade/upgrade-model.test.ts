import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxOpsetError, UnsupportedOperatorError } from '../errors.ts';
import type { Attributes } from '../model/attributes.ts';
import { graphOf, type Model } from '../model/model.ts';
import { opsetOf } from '../model/opset.ts';
import { withFields } from '../model/with-fields.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { checkModel } from '../testing/onnx-checker.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { upgradeModel } from './upgrade-model.ts';

function oldModel(operator: string, attributes: Attributes, opset: number, outputs = ['y']): Model {
  const builder = new GraphBuilder({ opset });
  builder.input('x', 'float32', [2, 1, 4]);
  builder.node(operator, ['x'], attributes, { outputs });
  for (const name of outputs) {
    builder.output(name, 'float32', operator === 'Split' ? [2, 1, 2] : [undefined, undefined, undefined]);
  }
  return builder.build();
}

describe.each<[string, Attributes]>([
  ['Relu', {}],
  ['Unsqueeze', { axes: { ints: [0] } }],
  ['Squeeze', { axes: { ints: [1] } }],
  ['Squeeze', {}],
  ['ReduceSum', { axes: { ints: [-1] }, keepdims: { int: 1 } }],
  ['ReduceSum', {}],
  ['Softmax', {}],
  ['Softmax', { axis: { int: 2 } }],
  ['Softmax', { axis: { int: -1 } }],
  ['LogSoftmax', { axis: { int: 0 } }],
  ['Hardmax', {}],
  ['Hardmax', { axis: { int: -1 } }],
  ['Dropout', { ratio: { float: 0.3 } }],
])('%s %j of opset 11', (operator, attributes) => {
  test('computes the same in opset 17', async () => {
    const model = oldModel(operator, attributes, 11);
    const upgraded = upgradeModel(model);
    expect(opsetOf(upgraded)).toBe(17);
    const x = randomTensor('float32', [2, 1, 4], 1);
    const [before, after] = [await openModel(model), await openModel(upgraded)];
    const [expected, given] = [(await before.run({ x })).y!, (await after.run({ x })).y!];
    expect(given.dims).toEqual(expected.dims);
    for (const [i, value] of given.data.entries()) expect(value).toBeCloseTo(Number(expected.data[i]), 6);
    await before.release();
    await after.release();
  });
});

test('Split takes its sizes as an input', async () => {
  const model = oldModel('Split', { split: { ints: [2, 2] }, axis: { int: 2 } }, 11, ['a', 'b']);
  const upgraded = upgradeModel(model);
  checkModel(upgraded);
  const session = await openModel(upgraded);
  expect((await session.run({ x: randomTensor('float32', [2, 1, 4], 1) })).b!.dims).toEqual([2, 1, 2]);
  await session.release();
});

test('later models stay the same object, older ones are refused', () => {
  const later = oldModel('Relu', {}, 21);
  expect(upgradeModel(later)).toBe(later);
  expect(() => upgradeModel(oldModel('Relu', {}, 6))).toThrow(OnnxOpsetError);
});

test('a form that is not known is refused, with its node', () => {
  const old = oldModel('BatchNormalization', { spatial: { int: 0 } }, 7);
  expect(() => upgradeModel(old)).toThrow(UnsupportedOperatorError);
  const inside = withFields(graphOf(old), { input: [] });
  expect(() => upgradeModel(oldModel('Loop', { body: { graph: inside } }, 7))).toThrow(/BatchNormalization/);
});

checkerAcceptsAll();

test.each(['constructor', 'Gelu'])('a fused product with the activation %s is refused', (activation) => {
  const builder = new GraphBuilder({ opset: 17 });
  builder.input('x', 'float32', [2, 3]);
  builder.initializer('w', randomTensor('float32', [3, 3], 1));
  const attributes = { activation: { string: activation } };
  builder.node('FusedGemm', ['x', 'w'], attributes, { outputs: ['y'], domain: 'com.microsoft' });
  builder.output('y', 'float32', [2, 3]);
  expect(() => upgradeModel(builder.build())).toThrow(`an activation that is known, not ${activation}`);
});
