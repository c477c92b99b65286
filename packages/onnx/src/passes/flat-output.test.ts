import { expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { graphOf, type Model } from '../model/model.ts';
import { createValueInfo, declaredShape } from '../model/value-info.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { prepareModel } from './prepare-model.ts';

/** Convolution over all of a picture, and what is made of its [N, 5, 1, 1]. */
function network(batch: number | string, made: (builder: GraphBuilder, x: string) => string): Model {
  const builder = new GraphBuilder();
  const data = builder.input('data', 'float32', [batch, 3, 4, 4]);
  const weight = builder.initializer('conv.weight', randomTensor('float32', [5, 3, 4, 4], 1));
  const output = made(builder, builder.op('Conv', [data, weight]));
  builder.output(output, 'float32', undefined);
  return builder.build();
}

const permuted =
  (...perm: readonly number[]) =>
  (builder: GraphBuilder, x: string): string =>
    builder.op('Transpose', [x], { perm: { ints: perm } });

test.each<[string, number | string, (builder: GraphBuilder, x: string) => string, readonly unknown[]]>([
  ['[N, 5, 1, 1]', 'N', (builder, x) => builder.op('Relu', [x]), ['N', 5]],
  ['[N, 1, 1, 5]', 'N', permuted(0, 2, 3, 1), ['N', 5]],
  ['[1, 5, 1, 1] that is freed', 1, permuted(0, 1, 3, 2), ['N', 5]],
])('%s is given as vectors with the same numbers, and it is said', async (_, batch, made, dims) => {
  const given = network(batch, made);
  graphOf(given).valueInfo.push(createValueInfo(graphOf(given).output[0]!.name, 'float32', [batch, 5, 1, 1]));
  const { model, input, output, notes } = prepareModel(given);
  expect(notes.map(({ kind }) => kind)).toContain('output-flattened');
  expect(declaredShape(graphOf(model).output[0]!)).toEqual(dims);
  // What was declared of the value between would be of another rank.
  expect(graphOf(model).valueInfo.map((info) => info.name)).not.toContain(output);
  const count = batch === 1 ? 1 : 2;
  const data = randomTensor('float32', [count, 3, 4, 4], 2);
  const [before, after] = [await openModel(given), await openModel(model)];
  const [expected, actual] = [
    (await before.run({ [input]: data }))[output]!,
    (await after.run({ [input]: data }))[output]!,
  ];
  expect(actual.dims).toEqual([count, 5]);
  expect(actual.data).toEqual(expected.data);
  await Promise.all([before.release(), after.release()]);
});

test('a matrix stays as it is, and so does a map of features', () => {
  const matrix = network('N', (builder, x) => builder.op('Flatten', [x]));
  const builder = new GraphBuilder();
  const map = builder.op('Relu', [builder.input('data', 'float32', ['N', 3, 4, 4])]);
  builder.output(map, 'float32', ['N', 3, 4, 4]);
  for (const model of [matrix, builder.build()]) expect(prepareModel(model).notes).toEqual([]);
});

test('other nodes may read the output', async () => {
  const model = network('N', (builder, x) => {
    builder.op(
      'Identity',
      [builder.op('Abs', [x], {}, { outputs: ['embedding'] })],
      {},
      { outputs: ['copy'] },
    );
    builder.output('copy', 'float32', undefined);
    return 'embedding';
  });
  for (const output of ['embedding', 'copy']) {
    const prepared = await openModel(prepareModel(model, { output }).model);
    const { [output]: value } = await prepared.run({ data: randomTensor('float32', [2, 3, 4, 4], 1) });
    expect(value!.dims).toEqual([2, 5]);
    await prepared.release();
  }
});
