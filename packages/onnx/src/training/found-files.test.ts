import { afterEach, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { graphOf, type Model } from '../model/model.ts';
import { createValueInfo } from '../model/value-info.ts';
import { withFields } from '../model/with-fields.ts';
import { inspectModel } from '../passes/inspection/inspect-model.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { disposeAll, open, upstream } from './testing.ts';

afterEach(disposeAll);

/** Two layers, [N, 4] to [N, 3]. */
function network(): Model {
  const builder = new GraphBuilder();
  builder.input('data', 'float32', ['N', 4]);
  const [first, second] = [randomTensor('float32', [4, 5], 1), randomTensor('float32', [5, 3], 2)];
  const product = builder.op(
    'MatMul',
    ['data', builder.initializer('first', first)],
    {},
    { outputs: ['product'] },
  );
  const active = builder.op('Tanh', [product], {}, { outputs: ['active'] });
  builder.op('MatMul', [active, builder.initializer('second', second)], {}, { outputs: ['embedding'] });
  builder.output('embedding', 'float32', ['N', 3]);
  return builder.build();
}

type Changes = Parameters<typeof withFields<NonNullable<Model['graph']>>>[1];
const changed = (model: Model, changes: Changes): Model =>
  withFields(model, { graph: withFields(graphOf(model), changes) });

/** Gradients of the second of two batches of different sizes. */
async function gradientsOf(model: Model): Promise<readonly (readonly number[])[]> {
  expect(inspectModel(model).refusals).toEqual([]);
  const session = await open({ model });
  for (const size of [3, 2, 2]) {
    const values = randomTensor('float32', [size, 4], size).data as Float32Array;
    session.load({});
    await session.forward({ values, shape: [size, 4], step: 0, position: 0 });
    await session.backward(upstream(size, 5));
  }
  return [...session.gradients().values()].map(({ data }) => Array.from(data as Float32Array));
}

test('what a file declares of the values inside may be old', async () => {
  const info = (name: string, ...shape: readonly (number | string)[]): ReturnType<typeof createValueInfo> =>
    createValueInfo(name, 'float32', shape);
  const expected = await gradientsOf(network());
  for (const [valueInfo, output] of [
    [[info('product', 1, 5), info('active', 1, 5)], [info('embedding', 1, 3)]],
    [[info('product', 'N', 7), info('active', 'N', 1, 5)], [info('embedding', 'N', 512)]],
    [[info('active', 'N', 5), info('active', 'N', 6)], [info('embedding', 'N')]],
  ] as const)
    expect(await gradientsOf(changed(network(), { valueInfo: [...valueInfo], output: [...output] }))).toEqual(
      expected,
    );
});

test('nodes may stand in any order', async () => {
  const model = changed(network(), { node: graphOf(network()).node.toReversed() });
  expect(await gradientsOf(model)).toEqual(await gradientsOf(network()));
});

test('a second value of one name is refused', async () => {
  const { initializer, node } = graphOf(network());
  const twice = { ...initializer[0]!, $typeName: initializer[0]!.$typeName };
  for (const changes of [
    { initializer: [...initializer, twice] },
    { node: [...node, withFields(node[1]!, { name: 'other' })] },
    { initializer: [...initializer, { ...twice, name: 'active' }] },
  ]) {
    const model = changed(network(), changes);
    await expect(open({ model })).rejects.toThrow(/a second value '(first|active)'/);
    expect(inspectModel(model).refusals[0]!.text).toMatch(/a second value/);
  }
});

test('an output whose rows are no samples is refused', async () => {
  const builder = GraphBuilder.extend(changed(network(), { output: [] }));
  builder.output(builder.op('Transpose', ['embedding'], {}, { outputs: ['columns'] }), 'float32', [3, 'N']);
  await expect(open({ model: builder.build() })).rejects.toThrow(/'columns' of shape \[3, N\]/);
  const halves = GraphBuilder.extend(changed(network(), { output: [] }));
  const shape = halves.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(-1n, 1n) });
  halves.output(halves.op('Reshape', ['embedding', shape], {}, { outputs: ['parts'] }), 'float32');
  const session = await open({ model: halves.build() });
  const batch = { values: new Float32Array(8), shape: [2, 4], step: 0, position: 0 };
  await expect(session.forward(batch)).rejects.toThrow(/'parts' of shape \[6, 1\] for a batch of 2/);
});

test('dropout where heads are folded into the batch', async () => {
  const builder = GraphBuilder.extend(changed(network(), { output: [] }));
  const ints = (...numbers: readonly number[]): string =>
    builder.constant({
      type: 'int64',
      dims: [numbers.length],
      data: BigInt64Array.from(numbers, BigInt),
    });
  const ratio = builder.constant({ type: 'float32', dims: [], data: Float32Array.of(0.5) });
  const training = builder.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
  const folded = builder.op('Reshape', ['embedding', ints(-1, 1)]);
  const dropped = builder.op('Dropout', [folded, ratio, training]);
  builder.output(builder.op('Reshape', [dropped, ints(-1, 3)], {}, { outputs: ['unfolded'] }), 'float32', [
    'N',
    3,
  ]);
  const session = await open({ model: builder.build() });
  const values = randomTensor('float32', [64, 4], 1).data as Float32Array;
  const embeddings = await session.forward({ values, shape: [64, 4], step: 0, position: 0 });
  const share = embeddings.filter((x) => x === 0).length / embeddings.length;
  expect(Math.abs(share - 0.5)).toBeLessThan(0.15);
  await session.backward(upstream(64, 2));
});
