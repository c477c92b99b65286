import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Attributes } from '../model/attributes.ts';
import { graphOf } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { checkGradient } from '../testing/check-gradient.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { upgradeModel } from './upgrade-model.ts';

const floats = (...data: readonly number[]): TensorData => ({
  type: 'float32',
  dims: [data.length],
  data: Float32Array.from(data),
});

test.each<[string, number, Attributes]>([
  ['Slice', 9, { starts: { ints: [1] }, ends: { ints: [3] }, axes: { ints: [2] } }],
  ['Slice', 7, { starts: { ints: [0, 0] }, ends: { ints: [1, 1] } }],
  ['Slice', 9, { starts: { ints: [-1] }, ends: { ints: [2 ** 63] }, axes: { ints: [2] } }],
  ['TopK', 9, { k: { int: 2 }, axis: { int: 2 } }],
  ['Clip', 7, { min: { float: -0.2 }, max: { float: 0.3 } }],
  ['Clip', 10, { max: { float: 0.3 } }],
  ['Pad', 7, { pads: { ints: [0, 0, 1, 0, 0, 2] }, value: { float: 0.5 } }],
  ['Pad', 10, { pads: { ints: [0, 0, 1, 0, 0, 2] }, mode: { string: 'reflect' } }],
  ['Resize', 10, { mode: { string: 'nearest' } }],
  ['Resize', 10, { mode: { string: 'linear' } }],
])('%s of opset %i: %j computes the same in opset 17', async (operator, opset, attributes) => {
  const builder = new GraphBuilder({ opset });
  builder.input('x', 'float32', [2, 1, 4]);
  const more = operator === 'Resize' ? [builder.initializer('scales', floats(1, 1, 2))] : [];
  const outputs = operator === 'TopK' ? ['y', 'i'] : ['y'];
  builder.node(operator, ['x', ...more], attributes, { outputs });
  builder.output('y', 'float32', [undefined, undefined, undefined]);
  const model = builder.build();
  const x = randomTensor('float32', [2, 1, 4], 1);
  const [before, after] = [await openModel(model), await openModel(upgradeModel(model))];
  expect((await after.run({ x })).y).toEqual((await before.run({ x })).y);
  await before.release();
  await after.release();
});

const UP = [1, 1, 2, 2.3] as const;

test.each<[string, string, number, readonly number[]]>([
  ['Upsample', 'nearest', 7, UP],
  ['Upsample', 'linear', 8, UP],
  ['Upsample', 'nearest', 9, UP],
  ['Upsample', 'linear', 9, UP],
  ['Resize', 'nearest', 10, UP],
  ['Resize', 'nearest', 10, [1, 1, 0.5, 0.6]],
  ['Resize', 'nearest', 10, [1, 1, 2, 0.6]],
  ['Resize', 'linear', 10, [1, 1, 2, 0.6]],
])('%s in mode %s of opset %i by %j: values and gradients', async (operator, mode, opset, scales) => {
  const builder = new GraphBuilder({ opset });
  builder.input('x', 'float32', [2, 1, 4, 5]);
  const more = opset < 9 ? [] : [builder.initializer('scales', floats(...scales))];
  const listed = opset < 9 ? { scales: { floats: scales } } : {};
  builder.node(operator, ['x', ...more], { mode: { string: mode }, ...listed }, { outputs: ['y'] });
  builder.output('y', 'float32', [undefined, undefined, undefined, undefined]);
  const model = builder.build();
  const x = randomTensor('float32', [2, 1, 4, 5], 1);
  const [before, after] = [await openModel(model), await openModel(upgradeModel(model))];
  const [expected, given] = [(await before.run({ x })).y!, (await after.run({ x })).y!];
  expect(given.dims).toEqual(expected.dims);
  for (const [i, value] of given.data.entries()) expect(value).toBeCloseTo(Number(expected.data[i]), 6);
  await before.release();
  await after.release();
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs: { x } });
});

test('Scatter of opset 9: values and gradients', async () => {
  const builder = new GraphBuilder({ opset: 9 });
  builder.input('x', 'float32', [2, 4]);
  builder.input('u', 'float32', [2, 2]);
  const indices = { type: 'int64', dims: [2, 2], data: BigInt64Array.of(3n, 0n, 1n, 2n) } as const;
  const inputs = ['x', builder.initializer('i', indices), 'u'];
  builder.op('Scatter', inputs, { axis: { int: 1 } }, { outputs: ['y'] });
  builder.output('y', 'float32', [2, 4]);
  const model = builder.build();
  const values = { x: randomTensor('float32', [2, 4], 1), u: randomTensor('float32', [2, 2], 2) };
  const [before, after] = [await openModel(model), await openModel(upgradeModel(model))];
  expect((await after.run(values)).y).toEqual((await before.run(values)).y);
  await Promise.all([before.release(), after.release()]);
  await checkGradient({ model, of: 'y', wrt: ['x', 'u'], inputs: values });
});

test('borders that are mirrored', async () => {
  const builder = new GraphBuilder({ opset: 9 });
  builder.input('x', 'float32', [2, 4]);
  const attributes = { pads: { ints: [0, 1, 0, 2] }, mode: { string: 'reflect' }, value: { float: 0.5 } };
  builder.op('Pad', ['x'], attributes, { outputs: ['y'] });
  builder.output('y', 'float32', [2, 7]);
  const x = randomTensor('float32', [2, 4], 1);
  await checkGradient({ model: builder.build(), of: 'y', wrt: ['x'], inputs: { x } });
});

test('normalisations and dropouts as MXNet wrote them', async () => {
  const builder = new GraphBuilder({ opset: 7 });
  builder.input('x', 'float32', ['N', 3, 4]);
  for (const name of ['scale', 'offset', 'mean', 'variance'])
    builder.initializer(name, floats(...[1, 2, 0.5]));
  const attributes = { epsilon: { float: 1e-3 }, momentum: { float: 0.9 }, spatial: { int: 1 } };
  const statistics = ['scale', 'offset', 'mean', 'variance'];
  builder.node('BatchNormalization', ['x', ...statistics], attributes, { outputs: ['n'] });
  builder.node('Dropout', ['n'], { ratio: { float: 0.4 } }, { outputs: ['y', 'mask'] });
  builder.output('y', 'float32', ['N', 3, 4]);
  const model = builder.build();
  const x = randomTensor('float32', [2, 3, 4], 1);
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs: { x } });
  const graph = graphOf(upgradeModel(model));
  expect(graph.node.map(({ attribute }) => attribute.map(({ name }) => name))).toEqual([['epsilon'], []]);
});
