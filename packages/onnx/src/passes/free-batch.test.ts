import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError } from '../errors.ts';
import { graphOf, type Model } from '../model/model.ts';
import { declaredShape } from '../model/value-info.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { freeBatch } from './free-batch.ts';

type Step = (net: GraphBuilder, x: string) => string;

const shapeOf = (net: GraphBuilder, ...dims: readonly number[]): string =>
  net.constant({ type: 'int64', dims: [dims.length], data: BigInt64Array.from(dims, BigInt) });
const weight = (net: GraphBuilder, dims: readonly number[], seed: number): string =>
  net.constant(randomTensor('float32', dims, seed), 'weight');

/** Takes [k, 6, 4] and gives [k, d]. */
function network(k: number, step: Step, d: number): Model {
  const net = new GraphBuilder();
  const x = net.input('data', 'float32', [k, 6, 4]);
  net.op('Identity', [step(net, x)], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', [k, d]);
  return net.build();
}

const KINDS: readonly (readonly [string, (k: number) => Step, number])[] = [
  ['a Reshape', (k) => (net, x) => net.op('Reshape', [x, shapeOf(net, k, -1)]), 24],
  ['a Reshape of all sizes', (k) => (net, x) => net.op('Reshape', [x, shapeOf(net, k, 24)]), 24],
  [
    'a class token',
    (k) => (net, x) => {
      const token = weight(net, [1, 1, 4], 3);
      const each = k === 1 ? token : net.op('Expand', [token, shapeOf(net, k, 1, 4)]);
      return net.op('Flatten', [net.op('Concat', [each, x], { axis: { int: 1 } })]);
    },
    28,
  ],
  [
    'samples inside of the positions, as attention of PyTorch has them',
    (k) => (net, x) => {
      const turned = net.op('Transpose', [x], { perm: { ints: [1, 0, 2] } });
      const rows = net.op('Reshape', [turned, shapeOf(net, 6 * k, 4)]);
      const product = net.op('Gemm', [rows, weight(net, [4, 4], 5)]);
      const back = net.op('Reshape', [product, shapeOf(net, 6, k, 4)]);
      return net.op('Flatten', [net.op('Transpose', [back], { perm: { ints: [1, 0, 2] } })]);
    },
    24,
  ],
  [
    'an initial state',
    (k) => (net, x) => {
      const turned = net.op('Transpose', [x], { perm: { ints: [1, 0, 2] } });
      const row = randomTensor('float32', [1, 1, 3], 9);
      const state = net.op('Expand', [net.constant(row), shapeOf(net, 1, k, 3)]);
      const inputs = [turned, weight(net, [1, 3, 4], 6), weight(net, [1, 3, 3], 7), '', '', state];
      const [, last] = net.node('RNN', inputs, { hidden_size: { int: 3 } }, { outputs: ['', 'last'] });
      return net.op('Squeeze', [last!, shapeOf(net, 0)]);
    },
    3,
  ],
  [
    'the sizes of a Resize',
    (k) => (net, x) => {
      const planes = net.op('Unsqueeze', [x, shapeOf(net, 1)]);
      const sizes = shapeOf(net, k, 1, 3, 8);
      return net.op('Flatten', [net.op('Resize', [planes, '', '', sizes], { mode: { string: 'linear' } })]);
    },
    24,
  ],
];

describe.each(KINDS)('a batch held by %s', (_, step, d) => {
  test.each([1, 2])('of %d is freed: samples embed as they did', async (k) => {
    const model = network(k, step(k), d);
    const { model: freed, notes } = freeBatch(model, 'data', 'embedding');
    expect(notes).toMatchObject([{ kind: 'batch-freed' }]);
    expect(graphOf(freed).input.map(declaredShape)).toEqual([['N', 6, 4]]);
    expect(graphOf(freed).output.map(declaredShape)).toEqual([['N', d]]);
    const images = randomTensor('float32', [3 * k, 6, 4], 1);
    const [all, some] = [await openModel(freed), await openModel(model)];
    const embedding = (await all.run({ data: images })).embedding!;
    for (let i = 0; i < 3; i++) {
      const data = (images.data as Float32Array).slice(i * k * 24, (i + 1) * k * 24);
      const alone = (await some.run({ data: { type: 'float32', dims: [k, 6, 4], data } })).embedding!;
      alone.data.forEach((x, j) => {
        expect(Number(embedding.data[i * k * d + j])).toBeCloseTo(Number(x), 5);
      });
    }
    await Promise.all([all.release(), some.release()]);
  });
});

test('a Squeeze of every axis of size 1 keeps the batch', async () => {
  const net = new GraphBuilder();
  const planes = net.op('Unsqueeze', [net.input('data', 'float32', [1, 6, 4]), shapeOf(net, 1)]);
  const rows = net.op('Reshape', [planes, shapeOf(net, 1, 1, 24)]);
  net.output(net.op('Squeeze', [rows], {}, { outputs: ['embedding'] }), 'float32', [24]);
  const { model } = freeBatch(net.build(), 'data', 'embedding');
  const session = await openModel(model);
  for (const k of [1, 3]) {
    const data = randomTensor('float32', [k, 6, 4], 1);
    const embedding = (await session.run({ data })).embedding!;
    expect(embedding.dims).toEqual([k, 24]);
    expect(embedding.data).toEqual(data.data);
  }
  await session.release();
});

test('where samples are joined, the node is named', () => {
  const step: Step = (net, x) =>
    net.op(
      'ReduceMean',
      [net.op('Reshape', [x, shapeOf(net, 6, 4)])],
      { axes: { ints: [0] } },
      { name: 'joins' },
    );
  const free = (): unknown => freeBatch(network(1, step, 4), 'data', 'embedding');
  expect(free).toThrow(OnnxGraphError);
  expect(free).toThrow(/fixed at 1.*'joins' \(ReduceMean\)/s);
});

test('a free batch stays as it is', () => {
  const net = new GraphBuilder();
  const x = net.input('data', 'float32', ['B', 6, 4]);
  net.output(net.op('Reshape', [x, shapeOf(net, -1, 24)], {}, { outputs: ['embedding'] }), 'float32', [
    'B',
    24,
  ]);
  const model = net.build();
  expect(freeBatch(model, 'data', 'embedding')).toEqual({ model, notes: [] });
});
