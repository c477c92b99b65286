import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../builder/graph-builder.ts';
import { OnnxGraphError } from '../../../errors.ts';
import type { Model } from '../../../model/model.ts';
import type { TensorData } from '../../../model/tensor.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';
import { openModel } from '../../../testing/run-model.ts';
import { freeBatch } from '../free-batch.ts';

type Step = (net: GraphBuilder, x: string, k: number) => string;

const ints = (net: GraphBuilder, ...numbers: readonly number[]): string =>
  net.constant({ type: 'int64', dims: [numbers.length], data: BigInt64Array.from(numbers, BigInt) });
const weight = (net: GraphBuilder, dims: readonly number[], seed: number): string =>
  net.constant(randomTensor('float32', dims, seed), 'weight');
const listed = (...numbers: readonly number[]): { readonly ints: readonly number[] } => ({ ints: numbers });
const turned = (net: GraphBuilder, x: string, ...perm: readonly number[]): string =>
  net.op('Transpose', [x], { perm: listed(...perm) });
/** The first sample, without an axis for it. */
const first = (net: GraphBuilder, x: string): string =>
  net.op('Gather', [x, net.constant({ type: 'int64', dims: [], data: BigInt64Array.of(0n) })]);

/** Takes [k, 6, 4]. */
function network(k: number, step: Step, opset: number = 17): Model {
  const net = new GraphBuilder({ opset });
  const x = net.input('data', 'float32', [k, 6, 4]);
  net.op('Identity', [step(net, x, k)], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', undefined);
  return net.build();
}

const FREED: readonly (readonly [string, number, number, Step])[] = [
  [
    'a Slice with its ends among the attributes',
    2,
    9,
    (net, x, k) => {
      const part = net.op('Slice', [x], { starts: listed(0, 1), ends: listed(k, 5), axes: listed(0, 1) });
      return net.op('Flatten', [part]);
    },
  ],
  [
    'a Split of three batches in uneven parts',
    2,
    17,
    (net, x, k) => {
      const all = net.op('Concat', [x, net.op('Neg', [x]), net.op('Exp', [x])], { axis: { int: 0 } });
      const [one, two] = net.node(
        'Split',
        [all, ints(net, k, 2 * k)],
        { axis: { int: 0 } },
        { outputs: ['one', 'two'] },
      );
      const last = net.op('Slice', [two!, ints(net, k), ints(net, 2 * k), ints(net, 0)]);
      return net.op('Flatten', [net.op('Add', [one!, last])]);
    },
  ],
  [
    'copies of the batch',
    2,
    17,
    (net, x, k) => {
      const copies = net.op('Tile', [x, ints(net, 2, 1, 1)]);
      return net.op('Flatten', [net.op('Slice', [copies, ints(net, k), ints(net, 2 * k), ints(net, 0)])]);
    },
  ],
  [
    'lengths of sequences',
    2,
    17,
    (net, x, k) => {
      const lengths = net.constant({ type: 'int32', dims: [k], data: new Int32Array(k).fill(4) });
      const inputs = [
        turned(net, x, 1, 0, 2),
        weight(net, [1, 3, 4], 6),
        weight(net, [1, 3, 3], 7),
        '',
        lengths,
      ];
      const [, last] = net.node('RNN', inputs, { hidden_size: { int: 3 } }, { outputs: ['', 'last'] });
      return net.op('Squeeze', [last!, ints(net, 0)]);
    },
  ],
  [
    'a dropped batch of one, and an axis that is added behind',
    1,
    17,
    (net, x) => {
      const row = net.op('Squeeze', [net.op('ReduceMean', [x], { axes: listed(1) })]);
      const column = net.op('Unsqueeze', [row, ints(net, 1)]);
      return net.op('Reshape', [net.op('MatMul', [column, weight(net, [1, 5], 3)]), ints(net, 1, 20)]);
    },
  ],
  [
    'a dropped batch of one, and a mean over the last axis',
    1,
    17,
    (net, x) => {
      const mean = net.op('ReduceMean', [first(net, x)], { axes: listed(-1), keepdims: { int: 0 } });
      return net.op('Unsqueeze', [mean, ints(net, 0)]);
    },
  ],
  [
    'a Squeeze of every axis of size 1, in opset 11',
    1,
    11,
    (net, x) => {
      const rows = net.op('Reshape', [x, ints(net, 1, 1, 24)]);
      return net.op('Unsqueeze', [net.op('Squeeze', [rows])], { axes: listed(0) });
    },
  ],
  [
    'sizes of a Resize where rows are folded into the batch',
    2,
    17,
    (net, x, k) => {
      const planes = net.op('Reshape', [x, ints(net, 6 * k, 1, 2, 2)]);
      const large = net.op('Resize', [planes, '', '', ints(net, 6 * k, 1, 4, 4)], {
        mode: { string: 'linear' },
      });
      return net.op('Reshape', [large, ints(net, k, 96)]);
    },
  ],
  [
    'many zeros for each sample',
    2,
    17,
    (net, x, k) => {
      const value = {
        value: { tensor: { type: 'float32', dims: [1], data: Float32Array.of(0.5) } },
      } as const;
      const halves = net.op('ConstantOfShape', [ints(net, k, 6, 400)], value);
      return net.op('Flatten', [net.op('Concat', [x, halves], { axis: { int: 2 } })]);
    },
  ],
  [
    'a OneHot whose axis stands before the batch',
    2,
    17,
    (net, x) => {
      const places = net.op('ArgMax', [x], { axis: { int: 2 }, keepdims: { int: 0 } });
      const depth = net.constant({ type: 'int64', dims: [], data: BigInt64Array.of(4n) });
      const values = net.constant({ type: 'float32', dims: [2], data: Float32Array.of(-1, 2) });
      const planes = net.op('OneHot', [places, depth, values], { axis: { int: 0 } });
      return net.op('Flatten', [turned(net, planes, 1, 0, 2)]);
    },
  ],
];

test.each(FREED)('a batch is freed beside %s', async (_, k, opset, step) => {
  const model = network(k, step, opset);
  const { model: freed } = freeBatch(model, 'data', 'embedding');
  const data = randomTensor('float32', [2 * k, 6, 4], 1).data as Float32Array;
  const [all, some] = [await openModel(freed), await openModel(model)];
  const together = (await all.run({ data: { type: 'float32', dims: [2 * k, 6, 4], data } })).embedding!;
  const parts: number[] = [];
  for (const half of [0, 1]) {
    const own: TensorData = {
      type: 'float32',
      dims: [k, 6, 4],
      data: data.slice(24 * k * half, 24 * k * (half + 1)),
    };
    parts.push(...Array.from((await some.run({ data: own })).embedding!.data as Float32Array));
  }
  expect(together.dims[0]).toBe(2 * k);
  expect(together.data).toHaveLength(parts.length);
  for (const [i, x] of parts.entries()) expect(together.data[i]).toBeCloseTo(x, 5);
  await Promise.all([all.release(), some.release()]);
});

const named = { name: 'joins' };

test.each<[string, number, Step]>([
  [
    'a Split takes a batch apart',
    2,
    (net, x) => {
      const [one] = net.node(
        'Split',
        [x, ints(net, 1, 1)],
        { axis: { int: 0 } },
        { outputs: ['one', 'two'], ...named },
      );
      return net.op('Flatten', [one!]);
    },
  ],
  ['an Expand repeats a sample', 1, (net, x) => net.op('Expand', [x, ints(net, 2, 6, 4)], {}, named)],
  [
    'a Squeeze takes the batch away from behind another axis',
    1,
    (net, x) => {
      const rows = net.op('Squeeze', [turned(net, x, 1, 0, 2), ints(net, 1)], {}, named);
      return net.op('Reshape', [rows, ints(net, 1, 24)]);
    },
  ],
  [
    'a Resize makes more samples',
    1,
    (net, x) => {
      const planes = net.op('Unsqueeze', [x, ints(net, 1)]);
      return net.op('Resize', [planes, '', '', ints(net, 2, 1, 6, 4)], {}, named);
    },
  ],
  [
    'numbers are drawn for each sample',
    2,
    (net, x, k) => net.op('Add', [x, net.op('RandomNormal', [], { shape: listed(k, 6, 4) })], {}, named),
  ],
  [
    'a triangle is cut out of the samples',
    1,
    (net, x) => turned(net, net.op('Trilu', [turned(net, x, 1, 0, 2)], {}, named), 1, 0, 2),
  ],
  [
    'a sum over no axes is over none, and would be over all',
    1,
    (net, x) => net.op('ReduceSum', [x], { noop_with_empty_axes: { int: 1 }, keepdims: { int: 0 } }, named),
  ],
])('the node is named where %s', (_, k, step) => {
  const freed = (): unknown => freeBatch(network(k, step), 'data', 'embedding');
  expect(freed).toThrow(OnnxGraphError);
  expect(freed).toThrow(/'joins'/);
});

test('samples that differ in a constant are not one repeated', () => {
  const model = network(2, (net, x, k) => {
    const size = net.op('Slice', [net.op('Shape', [x]), ints(net, 0), ints(net, 1)]);
    const target = net.op('Concat', [size, ints(net, 6, 4)], { axis: { int: 0 } });
    return net.op('Add', [x, net.op('Expand', [weight(net, [k, 6, 4], 3), target])]);
  });
  expect(() => freeBatch(model, 'data', 'embedding')).toThrow(OnnxGraphError);
});
