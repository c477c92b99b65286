import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { OnnxGraphError } from '../../errors.ts';
import { graphOf, type Model } from '../../model/model.ts';
import { declaredShape } from '../../model/value-info.ts';
import { randomTensor } from '../../testing/random-tensor.ts';
import { openModel } from '../../testing/run-model.ts';
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
    'a Tile of a class token',
    (k) => (net, x) => {
      const token = net.op('Tile', [weight(net, [1, 1, 4], 3), shapeOf(net, k, 1, 1)]);
      return net.op('Flatten', [net.op('Concat', [token, x], { axis: { int: 1 } })]);
    },
    28,
  ],
  [
    'the ends of a Slice',
    (k) => (net, x) =>
      net.op('Flatten', [net.op('Slice', [x, shapeOf(net, 0, 1), shapeOf(net, k, 5), shapeOf(net, 0, 1)])]),
    16,
  ],
  [
    'a Slice and a Split of two batches in a row',
    (k) => (net, x) => {
      const both = net.op('Concat', [x, net.op('Neg', [x])], { axis: { int: 0 } });
      const rows = net.op('MatMul', [both, weight(net, [4, 4], 5)]);
      const exp = net.op('Exp', [rows]);
      const second = net.op('Slice', [exp, shapeOf(net, k), shapeOf(net, 2 * k), shapeOf(net, 0)]);
      const [first] = net.node(
        'Split',
        [rows, shapeOf(net, k, k)],
        { axis: { int: 0 } },
        { outputs: ['first', 'rest'] },
      );
      return net.op('Flatten', [net.op('Add', [first!, second])]);
    },
    24,
  ],
  [
    'a mask for each sample and head',
    (k) => (net, x) => {
      const heads = net.op('Reshape', [x, shapeOf(net, 2 * k, 3, 4)]);
      const mask = randomTensor('float32', [2, 3, 4], 8);
      const numbers = mask.data as Float32Array;
      const each = net.constant({
        type: 'float32',
        dims: [2 * k, 3, 4],
        data: Float32Array.from({ length: 24 * k }, (_, i) => numbers[i % 24]!),
      });
      const masked = net.op('Add', [heads, each]);
      const product = net.op('MatMul', [masked, net.op('Transpose', [each], { perm: { ints: [0, 2, 1] } })]);
      return net.op('Reshape', [product, shapeOf(net, k, 18)]);
    },
    18,
  ],
  [
    'queries that are computed of what is repeated for each sample',
    (k) => (net, x) => {
      const queries = net.op('Expand', [weight(net, [1, 3, 4], 2), shapeOf(net, k, 3, 4)]);
      const computed = net.op('MatMul', [queries, weight(net, [4, 4], 5)]);
      const rows = net.op('Reshape', [net.op('Tanh', [computed]), shapeOf(net, 3 * k, 4)]);
      const scores = net.op('MatMul', [
        net.op('Reshape', [rows, shapeOf(net, k, 3, 4)]),
        net.op('Transpose', [x], { perm: { ints: [0, 2, 1] } }),
      ]);
      return net.op('Flatten', [scores]);
    },
    18,
  ],
  [
    'constants of equal samples that layers compute with',
    (k) => (net, x) => {
      const one = randomTensor('float32', [1, 3, 4], 8).data as Float32Array;
      const data = Float32Array.from({ length: 12 * k }, (_, i) => one[i % 12]!);
      const queries = net.constant({ type: 'float32', dims: [k, 3, 4], data });
      const computed = net.op('MatMul', [queries, weight(net, [4, 4], 5)]);
      const turned = net.op('Transpose', [computed], { perm: { ints: [0, 2, 1] } });
      return net.op('Flatten', [net.op('MatMul', [x, turned])]);
    },
    18,
  ],
  [
    'indices of GatherElements',
    (k) => (net, x) => {
      const data = BigInt64Array.from({ length: 4 * k }, (_, i) => BigInt((i % 4) + 1));
      const indices = net.constant({ type: 'int64', dims: [k, 1, 4], data });
      return net.op('Flatten', [net.op('GatherElements', [x, indices], { axis: { int: 1 } })]);
    },
    4,
  ],
  [
    'a position embedding, which goes with any batch',
    (k) => (net, x) =>
      net.op('Reshape', [net.op('Add', [x, weight(net, [1, 6, 4], 2)]), shapeOf(net, k, 24)]),
    24,
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

const DROPS: readonly (readonly [string, Step, number])[] = [
  [
    'Squeeze of all axes, a layer and Unsqueeze',
    (net, x) => {
      const mean = net.op('ReduceMean', [x], { axes: { ints: [1] } });
      const row = net.op('MatMul', [net.op('Squeeze', [mean]), weight(net, [4, 5], 4)]);
      const length = net.op('ReduceL2', [row], { axes: { ints: [0] }, keepdims: { int: 0 } });
      return net.op('Unsqueeze', [net.op('Div', [row, length]), shapeOf(net, 0)]);
    },
    5,
  ],
  [
    'the first sample, and Reshape back',
    (net, x) => {
      const first = net.op('Gather', [
        x,
        net.constant({ type: 'int64', dims: [], data: BigInt64Array.of(0n) }),
      ]);
      const scores = net.op('Softmax', [net.op('Transpose', [first], { perm: { ints: [1, 0] } })], {
        axis: { int: 0 },
      });
      return net.op('Reshape', [net.op('Relu', [scores]), shapeOf(net, 1, 24)]);
    },
    24,
  ],
  [
    'a vector, over the norm of all',
    (net, x) => {
      const vector = net.op('Reshape', [x, shapeOf(net, -1)]);
      const rows = net.op('Reshape', [x, shapeOf(net, 1, 24)]);
      const norm = net.op('ReduceL2', [rows], { keepdims: { int: 0 } });
      const sum = net.op('Add', [net.op('Div', [rows, norm]), net.op('Exp', [vector])]);
      return net.op('Add', [sum, weight(net, [1, 24], 6)]);
    },
    24,
  ],
];

const ROWS: (typeof DROPS)[number] = [
  'a row at a place that is computed of the sample',
  (net, x) => {
    const sums = net.op('ReduceMean', [x], { axes: { ints: [2] }, keepdims: { int: 0 } });
    const place = net.op('ArgMax', [sums], { axis: { int: 1 }, keepdims: { int: 0 } });
    const last = net.op('Sub', [place, shapeOf(net, 6)]);
    const rows = net.op('Reshape', [net.op('Tanh', [x]), shapeOf(net, 6, 4)]);
    const both = [place, last].map((at) => net.op('Gather', [rows, at]));
    return net.op('Concat', both, { axis: { int: 1 } });
  },
  8,
];

test.each([...DROPS, ROWS])('a batch of one that the file drops is kept: %s', async (_, step, d) => {
  const model = network(1, step, d);
  const { model: freed } = freeBatch(model, 'data', 'embedding');
  const images = randomTensor('float32', [3, 6, 4], 1);
  const [all, one] = [await openModel(freed), await openModel(model)];
  const embedding = (await all.run({ data: images })).embedding!;
  expect(embedding.dims).toEqual([3, d]);
  for (let i = 0; i < 3; i++) {
    const data = (images.data as Float32Array).slice(i * 24, (i + 1) * 24);
    const alone = (await one.run({ data: { type: 'float32', dims: [1, 6, 4], data } })).embedding!;
    alone.data.forEach((x, j) => {
      expect(Number(embedding.data[i * d + j])).toBeCloseTo(Number(x), 5);
    });
  }
  await Promise.all([all.release(), one.release()]);
});

test.each<[string, number, Step]>([
  [
    'samples differ in a constant',
    2,
    (net, x) => net.op('Flatten', [net.op('Add', [x, weight(net, [2, 6, 4], 3)], {}, { name: 'joins' })]),
  ],
  [
    'a product mixes samples',
    1,
    (net, x) => {
      const rows = net.op('Flatten', [x]);
      return net.op('Gemm', [rows, rows], { transB: { int: 1 } }, { name: 'joins' });
    },
  ],
  [
    'a softmax is over the samples',
    1,
    (net, x) => net.op('Flatten', [net.op('Softmax', [x], { axis: { int: 0 } }, { name: 'joins' })]),
  ],
  [
    'a size grows otherwise than the batch',
    2,
    (net, x) => {
      const n = net.op('Gather', [net.op('Shape', [x]), shapeOf(net, 0)]);
      const square = net.op('Concat', [net.op('Mul', [n, n]), shapeOf(net, 12)], { axis: { int: 0 } });
      const rows = net.op('Reshape', [x, square], {}, { name: 'joins' });
      return net.op('Reshape', [rows, shapeOf(net, 2, 24)]);
    },
  ],
])('the node is named where %s', (_, k, step) => {
  expect(() => freeBatch(network(k, step, 24), 'data', 'embedding')).toThrow(/'joins'/);
});

test('the output is named where a size is that of the batch by chance', () => {
  const model = network(2, (net, x) => net.op('Reshape', [x, shapeOf(net, 24, 2)]), 24);
  expect(() => freeBatch(model, 'data', 'embedding')).toThrow(/output 'embedding'/);
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

test('before opset 13 a softmax takes all axes from its own on', () => {
  const net = new GraphBuilder({ opset: 11 });
  const turned = net.op('Transpose', [net.input('data', 'float32', [1, 6, 4])], {
    perm: { ints: [1, 0, 2] },
  });
  const soft = net.op('Softmax', [turned], { axis: { int: 1 } });
  const first = net.op('ReduceMean', [soft], { axes: { ints: [0] }, keepdims: { int: 0 } });
  net.op('Identity', [first], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', [1, 4]);
  expect(() => freeBatch(net.build(), 'data', 'embedding')).toThrow(/Softmax/);
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
