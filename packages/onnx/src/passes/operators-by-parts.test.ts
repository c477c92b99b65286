import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { graphOf, type Model } from '../model/model.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel, type Values } from '../testing/run-model.ts';
import { withOperatorsByParts } from './operators-by-parts.ts';

function normalisation(sample: readonly number[], opset: number): Model {
  const builder = new GraphBuilder({ opset });
  builder.input('x', 'float32', ['N', ...sample]);
  const inputs = ['scale', 'shift', 'mean', 'variance'].map((name) =>
    builder.input(name, 'float32', [sample[0]!]),
  );
  const attributes = { training_mode: { int: 1 }, momentum: { float: 0.75 }, epsilon: { float: 0.01 } };
  const outputs = builder.node('BatchNormalization', ['x', ...inputs], attributes, {
    outputs: ['y', 'next_mean', 'next_variance'],
  });
  for (const name of outputs) builder.output(name, 'float32', name === 'y' ? ['N', ...sample] : [sample[0]!]);
  return builder.build();
}

async function outputsOf(model: Model, inputs: Values): Promise<Values> {
  const session = await openModel(model);
  const outputs = await session.run(inputs);
  await session.release();
  return outputs;
}

test.each([
  [[3, 5, 4], 17],
  [[3], 17],
  [[3, 4], 18],
])('gives what the operator gives on samples %j in opset %i', async (sample, opset) => {
  const model = normalisation(sample, opset);
  const byParts = withOperatorsByParts(model);
  const tensor = (dims: readonly number[], seed: number) =>
    randomTensor('float32', dims, seed, (u) => 3 * u + 0.25);
  const inputs = {
    x: tensor([6, ...sample], 1),
    ...Object.fromEntries(
      ['scale', 'shift', 'mean', 'variance'].map((name, i) => [name, tensor([3], i + 2)]),
    ),
  };
  const [expected, actual] = [await outputsOf(model, inputs), await outputsOf(byParts, inputs)];
  for (const [name, { dims, data }] of Object.entries(expected)) {
    expect(actual[name]!.dims).toEqual(dims);
    Array.from(data, Number).forEach((value, i) => {
      expect(Number(actual[name]!.data[i]), `${name}[${i}]`).toBeCloseTo(value, 5);
    });
  }
  const modes = graphOf(byParts).node.map(({ opType }) => opType);
  expect(modes.filter((operator) => operator === 'BatchNormalization')).toHaveLength(1);
});

test.each([
  [['N', 3, 4, 6], true],
  [['N', 3, 'H', 6], false],
])('SpaceToDepth of %j is written as moved axes: %s', async (shape, isWritten) => {
  const builder = new GraphBuilder();
  const blocks = builder.op('SpaceToDepth', [builder.input('x', 'float32', shape)], {
    blocksize: { int: 2 },
  });
  builder.output(blocks, 'float32', undefined);
  const model = builder.build();
  const byParts = withOperatorsByParts(model);
  const operators = graphOf(byParts).node.map(({ opType }) => opType);
  expect(operators.includes('SpaceToDepth')).toBe(!isWritten);
  const inputs = { x: randomTensor('float32', [2, 3, 4, 6], 1) };
  expect(await outputsOf(byParts, inputs)).toEqual(await outputsOf(model, inputs));
});

test('a model without one is the same', () => {
  const builder = new GraphBuilder();
  builder.output(builder.op('Neg', [builder.input('x', 'float32', [1])]), 'float32', [1]);
  const model = builder.build();
  expect(withOperatorsByParts(model)).toBe(model);
});
