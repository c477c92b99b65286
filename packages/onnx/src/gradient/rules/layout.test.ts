import fc from 'fast-check';
import { describe, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import type { Attributes } from '../../model/attributes.ts';
import type { TensorData } from '../../model/tensor.ts';
import { checkGradient } from '../../testing/check-gradient.ts';
import { checkerAcceptsAll } from '../../testing/checker-test.ts';
import { DECLARED, nodeModel } from '../../testing/node-model.ts';
import { indices, randomTensor, scalar } from '../../testing/random-tensor.ts';
import type { Values } from '../../testing/run-model.ts';

interface Case {
  readonly name: string;
  readonly operator: string;
  readonly dims?: readonly number[];
  readonly attributes?: Attributes;
  readonly constants?: Values;
  readonly order?: readonly string[];
  readonly opset?: number;
}

const int = (value: number): { int: number } => ({ int: value });
const matrixOfIndices: TensorData = { type: 'int64', dims: [2, 2], data: BigInt64Array.of(2n, 0n, -1n, 2n) };

/** Each on X of shape [2, 3, 4] unless it says otherwise. */
const CASES: readonly Case[] = [
  { name: 'axis 0', operator: 'Flatten', attributes: { axis: int(0) } },
  { name: 'axis 1', operator: 'Flatten' },
  { name: 'a negative axis', operator: 'Flatten', attributes: { axis: int(-1) } },
  { name: 'a size left open', operator: 'Reshape', constants: { shape: indices(4, -1) } },
  { name: 'sizes copied', operator: 'Reshape', constants: { shape: indices(0, 0, 2, 2) } },
  { name: 'a permutation', operator: 'Transpose', attributes: { perm: { ints: [1, 2, 0] } } },
  { name: 'none given', operator: 'Transpose' },
  { name: 'axes', operator: 'Squeeze', dims: [2, 1, 3, 1], constants: { axes: indices(1, -1) } },
  { name: 'no axes', operator: 'Squeeze', dims: [2, 1, 3, 1] },
  { name: 'axes', operator: 'Unsqueeze', constants: { axes: indices(0, -1) } },
  { name: 'blocks of 2', operator: 'SpaceToDepth', dims: [2, 3, 4, 6], attributes: { blocksize: int(2) } },
  { name: 'blocks of 2', operator: 'DepthToSpace', dims: [2, 8, 1, 3], attributes: { blocksize: int(2) } },
  { name: 'a new axis', operator: 'Expand', dims: [3, 1], constants: { shape: indices(2, 1, 4) } },
  { name: 'ends', operator: 'Slice', constants: { starts: indices(0, 1), ends: indices(1, 3) } },
  {
    name: 'axes and steps',
    operator: 'Slice',
    constants: {
      starts: indices(-1, 0),
      ends: indices(-100, 100),
      axes: indices(2, 1),
      steps: indices(-2, 2),
    },
  },
  { name: 'a vector', operator: 'Gather', constants: { indices: indices(1, 0, 1) } },
  {
    name: 'a matrix, repeated and negative',
    operator: 'Gather',
    constants: { indices: matrixOfIndices },
    attributes: { axis: int(1) },
  },
  { name: 'zeros around', operator: 'Pad', constants: { pads: indices(1, 0, 2, 0, 1, 1) } },
  {
    name: 'a constant around',
    operator: 'Pad',
    constants: { pads: indices(1, 0, 2, 0, 1, 1), value: scalar('float64', 3) },
  },
  { name: 'all axes', operator: 'ReduceSum' },
  { name: 'all axes, dropped', operator: 'ReduceSum', attributes: { keepdims: int(0) } },
  { name: 'axes', operator: 'ReduceSum', constants: { axes: indices(0, -1) } },
  {
    name: 'axes, dropped',
    operator: 'ReduceSum',
    constants: { axes: indices(1) },
    attributes: { keepdims: int(0) },
  },
  { name: 'none, as said', operator: 'ReduceSum', attributes: { noop_with_empty_axes: int(1) } },
  { name: 'all axes', operator: 'ReduceMean', attributes: { keepdims: int(0) } },
  { name: 'axes', operator: 'ReduceMean', attributes: { axes: { ints: [0, -1] } } },
  {
    name: 'axes, dropped',
    operator: 'ReduceMean',
    attributes: { axes: { ints: [-2] }, keepdims: int(0) },
  },
  { name: 'axes as an input', operator: 'ReduceMean', constants: { axes: indices(1) }, opset: 18 },
  { name: 'the last axis', operator: 'Softmax' },
  { name: 'another axis', operator: 'Softmax', attributes: { axis: int(1) } },
  { name: 'the last axis', operator: 'LogSoftmax' },
  { name: 'inference', operator: 'Dropout' },
];

describe.each(CASES)('$operator, $name', ({ operator, attributes, constants, dims = [2, 3, 4], ...rest }) => {
  test.each(DECLARED)('declared: %s', async (declared) => {
    const inputs = { x: randomTensor('float64', dims, 11) };
    const model = nodeModel({ operator, inputs, attributes, constants: constants ?? {}, declared, ...rest });
    await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
  });
});

test.each(DECLARED)('GlobalAveragePool, declared: %s', async (declared) => {
  const inputs = { x: randomTensor('float32', [2, 3, 4, 5], 3) };
  const model = nodeModel({ operator: 'GlobalAveragePool', inputs, declared });
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
});

test('a shape that is an input', async () => {
  const inputs = { x: randomTensor('float64', [2, 6], 3), shape: indices(3, 4) };
  const model = nodeModel({ operator: 'Reshape', inputs });
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
});

test('Concat along any axis, of any number of inputs', async () => {
  const size = fc.integer({ min: 1, max: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(size, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: -3, max: 2 }),
      fc.constantFrom(...DECLARED),
      async (sizes, axis, declared) => {
        const dims = (length: number): number[] =>
          [2, 3, 4].map((dim, i) => (i === (axis + 3) % 3 ? length : dim));
        const inputs = Object.fromEntries(
          sizes.map((n, i) => [`x${i}`, randomTensor('float64', dims(n), i + 1)]),
        );
        const model = nodeModel({
          operator: 'Concat',
          inputs,
          attributes: { axis: { int: axis } },
          declared,
        });
        await checkGradient({ model, of: 'y', wrt: Object.keys(inputs), inputs });
      },
    ),
    { numRuns: 12 },
  );
});

test.each(DECLARED)('Split, with a part that nothing uses; declared: %s', async (declared) => {
  const inputs = { x: randomTensor('float64', [2, 6], 3) };
  const shape = { shapes: [2, 6], ranks: [undefined, undefined], nothing: undefined }[declared];
  const builder = new GraphBuilder();
  builder.input('x', 'float64', shape);
  const sizes = builder.constant(indices(1, 3, 2));
  const [first, , last] = builder.node(
    'Split',
    ['x', sizes],
    { axis: { int: 1 } },
    { outputs: ['a', 'b', 'c'] },
  );
  builder.op('Mul', [first!, last!], {}, { outputs: ['y'] });
  builder.output('y', 'float64', [2, 2]);
  await checkGradient({ model: builder.build(), of: 'y', wrt: ['x'], inputs });
});

test('Cast from float32 to float64 and back', async () => {
  const inputs = { x: randomTensor('float32', [2, 3], 3) };
  const builder = new GraphBuilder();
  builder.input('x', 'float32', [2, 3]);
  const wide = builder.op('Cast', ['x'], { to: { int: 11 } });
  const narrow = builder.op(
    'Cast',
    [builder.op('Mul', [wide, wide])],
    { to: { int: 1 } },
    { outputs: ['y'] },
  );
  builder.output(narrow, 'float32', [2, 3]);
  await checkGradient({ model: builder.build(), of: 'y', wrt: ['x'], inputs });
});

checkerAcceptsAll();
