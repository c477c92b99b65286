import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Attributes } from '../model/attributes.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { upgradeModel } from './upgrade-model.ts';

const scales = { type: 'float32', dims: [3], data: Float32Array.of(1, 1, 2) } as const;

test.each<[string, number, Attributes]>([
  ['Slice', 9, { starts: { ints: [1] }, ends: { ints: [3] }, axes: { ints: [2] } }],
  ['Slice', 7, { starts: { ints: [0, 0] }, ends: { ints: [1, 1] } }],
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
  const more = operator === 'Resize' ? [builder.initializer('scales', scales)] : [];
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
