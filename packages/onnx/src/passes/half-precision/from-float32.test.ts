import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { OnnxFileError, OnnxGraphError } from '../../errors.ts';
import { splitExternalData } from '../../model/external-data.ts';
import { fromFloat16, toFloat16 } from '../../model/half-float.ts';
import {
  AttributeProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
} from '../../model/messages/onnx_pb.js';
import { graphOf, type Model } from '../../model/model.ts';
import { createNode } from '../../model/node.ts';
import { readTensor, type TensorData } from '../../model/tensor.ts';
import { withFields } from '../../model/with-fields.ts';
import { randomTensor, scalar } from '../../testing/random-tensor.ts';
import { openModel } from '../../testing/run-model.ts';
import { fromFloat32 } from './from-float32.ts';
import { distance, embed, operators, types } from './testing.ts';
import { toFloat32 } from './to-float32.ts';

describe('to half precision', () => {
  const net = (...made: ((b: GraphBuilder, x: string) => string)[]): Model => {
    const b = new GraphBuilder();
    const x = made.reduce((value, make) => make(b, value), b.input('data', 'float32', ['N', 2, 4, 4]));
    b.output(x, 'float32', undefined);
    return b.build();
  };
  const scaled = (name: string, value: TensorData) => (b: GraphBuilder, x: string) =>
    b.op('Mul', [x, b.initializer(name, value)]);

  test('weights beyond float16 are refused by name, all at once', () => {
    const huge = { type: 'float32', dims: [2, 1, 1], data: Float32Array.of(1e6, 1) } as const;
    const model = net((b, x) => b.op('Abs', [x]), scaled('a', huge), scaled('b', huge));
    expect(() => fromFloat32(model, 'float16')).toThrow(OnnxGraphError);
    expect(() => fromFloat32(model, 'float16')).toThrow(/'a' \(up to 1000000\), 'b'/);
    expect(() => fromFloat32(model, 'bfloat16')).not.toThrow();
    expect(() => fromFloat32(model, 'float8' as never)).toThrow(/type/);
    const { model: split } = splitExternalData(model, { location: 'x', threshold: 0 });
    expect(() => fromFloat32(split, 'float16')).toThrow(OnnxFileError);
  });

  test('an operator may be called as what every object has', () => {
    const model = net((b, x) =>
      b.op('constructor', [x, b.initializer('w', randomTensor('float32', [2, 1, 1], 1))]),
    );
    for (const type of ['float16', 'bfloat16'] as const)
      expect(operators(fromFloat32(model, type).model)).toContain('constructor');
  });

  test('sparse constants stay float32 behind a Cast', async () => {
    const indices = { dataType: 7, dims: [1n], int64Data: [3n] };
    const sparse = (name: string): SparseTensorProto =>
      create(SparseTensorProtoSchema, {
        values: { name, dataType: 1, dims: [1n], floatData: [2] },
        indices,
        dims: [4n],
      });
    const model = net((b, x) => b.op('Abs', [x]));
    const graph = graphOf(model);
    const [abs] = graph.node;
    const held = createNode('held', 'Constant', [], ['b']);
    held.attribute.push(
      create(AttributeProtoSchema, { name: 'sparse_value', type: 11, sparseTensor: sparse('') }),
    );
    const node = [
      createNode('first', 'Mul', ['data', 'a'], ['c']),
      held,
      createNode('second', 'Add', ['c', 'b'], ['d']),
      withFields(abs!, { input: ['d'] }),
    ];
    const whole = withFields(model, { graph: withFields(graph, { node, sparseInitializer: [sparse('a')] }) });
    const expected = await embed(whole);
    expect(distance(await embed(fromFloat32(whole, 'float16').model), expected)).toBeLessThan(2e-3);
  });

  test('masks and bounds are the largest number, and nothing single becomes 0', async () => {
    const model = net(
      (b, x) => b.op('Abs', [x]),
      scaled('scale', scalar('float32', 1e-9)),
      (b, x) => b.op('Max', [x, b.initializer('bound', scalar('float32', -3.4e38))]),
    );
    const { model: half, notes } = fromFloat32(model, 'float16');
    expect(notes.map(({ names }) => names)).toEqual([['bound'], ['scale']]);
    const numbers = graphOf(half).initializer.map(
      (tensor) => fromFloat16(readTensor(tensor).data as Uint16Array)[0],
    );
    expect(numbers).toEqual([2 ** -24, -65504]);
    expect((await embed(half)).every((x) => x >= 0 && x < 2e-5)).toBe(true);
  });

  test('a mask of several numbers is bounded, and so is what would just become 0', () => {
    const mask = { type: 'float32', dims: [1, 1, 4], data: Float32Array.of(0, -1e9, 0, -Infinity) } as const;
    const model = net(
      (b, x) => b.op('Abs', [x]),
      (b, x) => b.op('Add', [x, b.initializer('mask', mask)]),
      scaled('epsilon', scalar('float32', 2 ** -26)),
    );
    const { model: half, notes } = fromFloat32(model, 'float16');
    expect(notes.map(({ names }) => names)).toEqual([['mask'], ['epsilon']]);
    const numbers = graphOf(half).initializer.map((tensor) => [
      ...fromFloat16(readTensor(tensor).data as Uint16Array),
    ]);
    expect(numbers).toEqual([[0, -65504, 0, -Infinity], [2 ** -24]]);
  });

  test('a mean beside a normalisation, and a constant that is given, stay float32', async () => {
    const b = new GraphBuilder();
    const x = b.op('Abs', [b.input('data', 'float32', ['N', 2, 4, 4])]);
    const scale = b.initializer('scale', randomTensor('float32', [4], 1));
    const [y, mean] = b.node('LayerNormalization', [x, scale], {}, { outputs: ['y', 'mean'] });
    const given = b.initializer('given', randomTensor('float32', [4], 2));
    b.output(b.op('Mul', [b.op('Add', [y!, mean!]), given]), 'float32', ['N', 2, 4, 4]);
    b.output(given, 'float32', [4]);
    const model = b.build();
    const half = fromFloat32(model, 'float16').model;
    expect(types(half)).toEqual(['float32', 'float32']);
    expect(distance(await embed(half), await embed(model))).toBeLessThan(1e-2);
  });

  test('what counts, resizes or knows no float16 stays float32', async () => {
    const model = net(
      (b, x) =>
        b.op(
          'Resize',
          [
            x,
            '',
            b.initializer('scales', { type: 'float32', dims: [4], data: Float32Array.of(1, 1, 1.3, 1.3) }),
          ],
          { mode: { string: 'linear' } },
        ),
      (b, x) => {
        const size = b.op('Gather', [
          b.op('Shape', [x]),
          b.initializer('i', { type: 'int64', dims: [], data: BigInt64Array.of(2n) }),
        ]);
        const count = b.op('Mul', [
          b.op('Cast', [size], { to: { int: 1 } }),
          b.initializer('many', scalar('float32', 1001)),
        ]);
        const range = b.op('Range', [
          b.initializer('from', scalar('float32', 0)),
          count,
          b.initializer('step', scalar('float32', 1001)),
        ]);
        return b.op('Add', [x, range]);
      },
      (b, x) => {
        const [from, to, by] = [0, 4, 1].map((value) => b.constant(scalar('float32', value)));
        return b.op('Mul', [
          b.op('Range', [from!, to!, by!]),
          b.op('Slice', [
            x,
            b.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(0n) }),
            b.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(4n) }),
            b.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(3n) }),
          ]),
        ]);
      },
      (b, x) => b.op('Celu', [x]),
      (b, x) => b.op('Mul', [x, b.op('ConstantOfShape', [b.op('Shape', [x])])]),
      (b, x) =>
        b.op(
          'RandomUniform',
          [],
          { shape: { ints: [1] }, low: { float: 3 }, high: { float: 3 }, dtype: { int: 1 } },
          { outputs: ['three'] },
        ) && b.op('Add', [x, 'three']),
    );
    const { model: half } = fromFloat32(model, 'float16');
    expect(types(half)[0]).toBe('float32');
    expect(distance(await embed(half), await embed(model))).toBeLessThan(1e-2);
    expect(operators(toFloat32(half).model)).toEqual(operators(model));
    const brain = fromFloat32(model, 'bfloat16').model;
    expect(await embed(brain)).toEqual(await embed(model));
  });

  test.each([true, false])('an input that is normalised in pieces runs (inputs stay: %s)', async (keepIo) => {
    const axes = { axes: { ints: [-1] }, keepdims: { int: 1 } };
    const number = (b: GraphBuilder, value: number): string => b.constant(scalar('float32', value));
    const model = net(
      (b, x) => {
        const centred = b.op('Sub', [x, b.op('ReduceMean', [x], axes)]);
        const variance = b.op('ReduceMean', [b.op('Pow', [centred, number(b, 2)])], axes);
        const deviation = b.op('Sqrt', [b.op('Add', [variance, number(b, 1e-5)])]);
        const weight = b.initializer('g', randomTensor('float32', [4], 1));
        return b.op('Mul', [b.op('Div', [centred, deviation]), weight]);
      },
      (b, x) => b.op('MatMul', [x, b.initializer('w', randomTensor('float32', [4, 4], 1))]),
    );
    const half = fromFloat32(model, 'float16', { keepIo }).model;
    if (keepIo) expect(distance(await embed(half), await embed(model))).toBeLessThan(1e-2);
    else await (await openModel(half)).release();
    expect(distance(await embed(toFloat32(half).model), await embed(model))).toBeLessThan(1e-2);
  });

  test('an input that is normalised in pieces, with a scale and an offset, is so in float32', async () => {
    const axes = { axes: { ints: [-1] }, keepdims: { int: 1 } };
    const number = (b: GraphBuilder, value: number): string => b.constant(scalar('float32', value));
    const model = net(
      (b, x) => {
        const centred = b.op('Sub', [x, b.op('ReduceMean', [x], axes)]);
        const variance = b.op('ReduceMean', [b.op('Pow', [centred, number(b, 2)])], axes);
        const deviation = b.op('Sqrt', [b.op('Add', [variance, number(b, 1e-5)])]);
        return b.op('Div', [centred, deviation]);
      },
      scaled('scale', randomTensor('float32', [4], 1)),
      (b, x) => b.op('Add', [x, b.initializer('offset', randomTensor('float32', [4], 2))]),
      (b, x) => b.op('MatMul', [x, b.initializer('w', randomTensor('float32', [4, 4], 3))]),
    );
    const half = fromFloat32(model, 'float16').model;
    const halves = graphOf(half).initializer.filter(({ dataType }) => dataType === 10);
    expect(halves.map(({ name }) => name)).toEqual(['w']);
    // What onnxruntime joins to one node behind a Cast it would not open.
    expect(distance(await embed(half), await embed(model))).toBeLessThan(1e-2);
  });

  test('numbers that become ids of words stay whole', async () => {
    const model = net(
      (b, x) => b.op('Mul', [x, b.initializer('many', scalar('float32', 100.3))]),
      (b, x) => b.op('Cast', [x], { to: { int: 7 } }),
      (b, x) =>
        b.op('Mod', [x, b.initializer('rows', { type: 'int64', dims: [], data: BigInt64Array.of(50n) })]),
      (b, x) => b.op('Gather', [b.initializer('table', randomTensor('float32', [50, 3], 1)), x]),
    );
    const half = fromFloat32(model, 'float16').model;
    expect(distance(await embed(half), await embed(model))).toBeLessThan(1e-3);
    // Behind a layer they are no pixels that are normalised.
    const later = net(
      (b, x) => b.op('Tanh', [x]),
      scaled('large', scalar('float32', 30011)),
      (b, x) => b.op('Cast', [x], { to: { int: 7 } }),
      (b, x) => b.op('Cast', [x], { to: { int: 1 } }),
    );
    const { model: last } = fromFloat32(later, 'float16', { keepIo: false });
    expect(types(last)).toEqual(['float32']);
  });

  test('subgraphs take float32, and old files come to opset 17 for bfloat16', async () => {
    const inner = new GraphBuilder({ name: 'branch' });
    inner.input('cast', 'float32', ['N', 2, 4, 4]);
    inner.output(inner.op('Neg', ['cast'], {}, { outputs: ['negative'] }), 'float32', ['N', 2, 4, 4]);
    const graph = withFields(graphOf(inner.build()), { input: [] });
    const b = new GraphBuilder();
    b.input('data', 'float32', ['N', 2, 4, 4]);
    b.op('Mul', ['data', b.initializer('w', randomTensor('float32', [4], 1))], {}, { outputs: ['cast'] });
    b.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
    b.op('If', ['yes'], { then_branch: { graph }, else_branch: { graph } }, { outputs: ['y'] });
    b.output(b.op('Mul', ['y', 'w']), 'float32', ['N', 2, 4, 4]);
    const model = b.build();
    for (const type of ['float16', 'bfloat16'] as const)
      expect(distance(await embed(fromFloat32(model, type).model), await embed(model))).toBeLessThan(1e-2);
    const old = new GraphBuilder({ opset: 11 });
    old.output(
      old.op('Mul', [
        old.input('data', 'float32', ['N', 2, 4, 4]),
        old.initializer('w', randomTensor('float32', [4], 1)),
      ]),
      'float32',
      ['N', 2, 4, 4],
    );
    const { model: brain } = fromFloat32(old.build(), 'bfloat16');
    expect(brain.opsetImport[0]!.version).toBe(17n);
    expect(distance(await embed(brain), await embed(old.build()))).toBeLessThan(1e-2);
  });

  test('rounding is to nearest, whatever the numbers', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65000, max: 65000 }), (x) => {
        const [half] = fromFloat16(toFloat16(Float32Array.of(x)));
        const bits = toFloat16(Float32Array.of(x))[0]!;
        const near = [bits - 1, bits + 1].filter(
          (other) => (other & 0x7c00) !== 0x7c00 && (other & 0x8000) === (bits & 0x8000) && other >= 0,
        );
        for (const other of fromFloat16(Uint16Array.from(near)))
          expect(Math.abs(half! - x)).toBeLessThanOrEqual(Math.abs(other - x));
      }),
    );
  });
});
