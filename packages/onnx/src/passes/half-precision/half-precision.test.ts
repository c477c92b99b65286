import { create } from '@bufbuild/protobuf';
import { learnerOptimiser, sgd } from '@cf/training';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../builder/graph-builder.ts';
import { OnnxFileError, OnnxGraphError } from '../../errors.ts';
import { splitExternalData } from '../../model/external-data.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../model/half-float.ts';
import { tensorsOf } from '../../model/map-model.ts';
import {
  AttributeProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  ValueInfoProtoSchema,
} from '../../model/messages/onnx_pb.js';
import { graphOf, type Model } from '../../model/model.ts';
import { createNode } from '../../model/node.ts';
import { createTensor, readTensor, type TensorData } from '../../model/tensor.ts';
import { declaredType } from '../../model/value-info.ts';
import { withFields } from '../../model/with-fields.ts';
import { randomTensor, scalar } from '../../testing/random-tensor.ts';
import { openModel } from '../../testing/run-model.ts';
import { createTrainingSession } from '../../training/create-training-session.ts';
import { prepareModel } from '../prepare-model.ts';
import { smallImages, smallNet } from '../testing.ts';
import { fromFloat32 } from './from-float32.ts';
import { toFloat32 } from './to-float32.ts';

const types = (model: Model): string[] => graphOf(model).initializer.map((tensor) => readTensor(tensor).type);
const operators = (model: Model): string[] => graphOf(model).node.map(({ opType }) => opType);

async function embed(model: Model, dims: readonly number[] = [2, 2, 4, 4]): Promise<Float32Array> {
  const session = await openModel(model);
  const data = { type: 'float32', dims, data: smallImages(2, 5) } as const;
  const result = await session.run({ data });
  await session.release();
  return Object.values(result)[0]!.data as Float32Array;
}

function distance(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return expected.reduce((most, x, i) => Math.max(most, Math.abs(x - actual[i]!)), 0) / scale;
}

/** A model with its weights rounded, and nothing else. */
function rounded(model: Model, type: 'float16' | 'bfloat16', isRounded = (_: string) => true): Model {
  const graph = graphOf(model);
  const initializer = graph.initializer.map((tensor) => {
    const value = readTensor(tensor);
    if (value.type !== 'float32' || !isRounded(tensor.name)) return tensor;
    const data =
      type === 'float16' ? fromFloat16(toFloat16(value.data)) : fromBfloat16(toBfloat16(value.data));
    return createTensor(tensor.name, { ...value, data });
  });
  return withFields(model, { graph: withFields(graph, { initializer }) });
}

test.each(['float16', 'bfloat16'] as const)(
  'every one of the 65536 numbers of %s is the same there and back',
  (type) => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const b = new GraphBuilder();
    b.initializer('w', { type, dims: [65536], data: bits });
    b.output(b.op('Identity', ['w']), type, [65536]);
    const wide = toFloat32(b.build()).model;
    expect(types(wide)).toEqual(['float32']);
    expect(declaredType(graphOf(wide).output[0]!)).toBe('float32');
    const [tensor] = graphOf(fromFloat32(wide, type).model).initializer;
    const back = readTensor(tensor!).data as Uint16Array;
    const infinity = type === 'float16' ? 0x7c00 : 0x7f80;
    const isNumber = (half: number): boolean => (half & 0x7fff) <= infinity;
    expect(back.filter((_, i) => isNumber(i))).toEqual(bits.filter(isNumber));
    expect(back.filter((_, i) => !isNumber(i)).every((half) => !isNumber(half))).toBe(true);
  },
);

test.each([
  ['float16', true],
  ['float16', false],
  ['bfloat16', true],
] as const)(
  'a network in %s runs in onnxruntime and is the float32 one with rounded weights (inputs stay: %s)',
  async (type, keepIo) => {
    const model = smallNet({ dropout: 0.1 });
    const { model: half, notes } = fromFloat32(model, type, { keepIo });
    expect(notes).toEqual([]);
    const isScalar = new Set(
      graphOf(model)
        .initializer.filter(({ dims }) => dims.length === 0)
        .map(({ name }) => name),
    );
    const expected = rounded(model, type, (name) => type === 'float16' || !isScalar.has(name));
    const back = toFloat32(half).model;
    expect(operators(back)).toEqual(operators(model));
    expect(graphOf(back).node.map(({ input, output }) => [input, output])).toEqual(
      graphOf(model).node.map(({ input, output }) => [input, output]),
    );
    expect(tensorsOf(back).map((tensor) => readTensor(tensor))).toEqual(
      tensorsOf(expected).map((tensor) => readTensor(tensor)),
    );
    expect(declaredType(graphOf(half).input[0]!)).toBe(keepIo ? 'float32' : 'float16');
    expect(declaredType(graphOf(half).output[0]!)).toBe(keepIo ? 'float32' : 'float16');
    if (keepIo)
      expect(distance(await embed(half), await embed(expected))).toBeLessThan(
        type === 'float16' ? 2e-2 : 1e-6,
      );
    expect(await embed(back)).toEqual(await embed(expected));
  },
);

test('a float16 file trains, as its float32 twin does to the bit', async () => {
  const runtime = await import('onnxruntime-node');
  const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });
  const train = async (model: Model): Promise<unknown> => {
    const session = await createTrainingSession({ runtime, model, optimiser, threads: 1 });
    await session.forward({ values: smallImages(2, 5), shape: [2, 2, 4, 4], step: 0, position: 0 });
    await session.backward(new Float32Array(6).fill(1));
    const gradients = session.gradients();
    await session.update(0.1);
    const exported = session.exportModel();
    await session.dispose();
    return [gradients, types(exported), tensorsOf(exported).map((tensor) => readTensor(tensor).data)];
  };
  const half = fromFloat32(smallNet(), 'float16', { keepIo: false }).model;
  const expected = await train(rounded(smallNet(), 'float16'));
  expect(await train(half)).toEqual(expected);
  const prepared = prepareModel(half);
  expect(prepared.notes[0]).toMatchObject({ kind: 'half-precision' });
  expect(await train(prepared.model)).toEqual(expected);
});

describe('to float32', () => {
  test('a model without half types is the same object', () => {
    const model = smallNet();
    expect(toFloat32(model)).toEqual({ model, notes: [] });
    expect(toFloat32(model).model).toBe(model);
  });

  test.each([
    ['float16', 10, 0x3c00, 0xfbff, -65503],
    ['bfloat16', 16, 0x3f80, 0xc780, -65535],
  ] as const)(
    'casts to and from integers stay, and types that operators name change: %s',
    async (type, code, one, least, sum) => {
      const b = new GraphBuilder();
      b.input('data', type, ['N', 2, 4, 4]);
      const wide = b.op('Cast', ['data'], { to: { int: 1 } });
      const narrow = b.op('Cast', [wide], { to: { int: code } });
      const whole = b.op('Cast', [narrow], { to: { int: 7 } });
      const counted = b.op('Cast', [whole], { to: { int: code } });
      const sizes = b.op('Cast', [b.op('Shape', [counted])], { to: { int: code } });
      const shape = b.op('Cast', [sizes], { to: { int: 7 } });
      const zeros = b.op('ConstantOfShape', [shape], {
        value: { tensor: { type, dims: [1], data: Uint16Array.of(one) } },
      });
      const noise = b.op('RandomUniformLike', [zeros], {
        dtype: { int: code },
        low: { float: 0 },
        high: { float: 0 },
      });
      const masked = b.op('Add', [
        noise,
        b.initializer('m', { type, dims: [1], data: Uint16Array.of(least) }),
      ]);
      const like = b.op('CastLike', [masked, zeros]);
      b.output(b.op('Sum', [like, zeros, counted], {}, { outputs: ['embedding'] }), type, ['N', 2, 4, 4]);
      const { model } = toFloat32(b.build());
      expect(operators(model).filter((name) => name === 'Cast')).toHaveLength(4);
      const result = await embed(model);
      expect(result).toEqual(smallImages(2, 5).map((x) => Math.fround(Math.trunc(x) + sum)));
    },
  );

  test('a cast that another node reads goes, also where the next one gives the output', async () => {
    const b = new GraphBuilder();
    const half = b.op('Cast', [b.input('data', 'float32', ['N', 2, 4, 4])], { to: { int: 10 } });
    const wide = b.op('Cast', [b.op('Neg', [half])], { to: { int: 1 } });
    b.op('Cast', [wide], { to: { int: 10 } }, { outputs: ['embedding'] });
    b.output('embedding', 'float16', ['N', 2, 4, 4]);
    b.output(b.op('Abs', [wide], {}, { outputs: ['size'] }), 'float32', ['N', 2, 4, 4]);
    const { model } = toFloat32(b.build());
    expect(operators(model)).toEqual(['Neg', 'Abs']);
    const session = await openModel(model);
    const data = { type: 'float32', dims: [2, 2, 4, 4], data: smallImages(2, 5) } as const;
    const { embedding, size } = await session.run({ data });
    expect([embedding!.data, size!.data]).toEqual([data.data.map((x) => -x), data.data.map(Math.abs)]);
    await session.release();
  });

  test('lists of half types change too, and nothing that nodes of other domains say', () => {
    const b = new GraphBuilder();
    b.input('x', 'float16', [2]);
    b.node('Mine', ['x'], { to: { int: 10 } }, { outputs: ['y'], domain: 'mine' });
    b.output('y', 'float32', [2]);
    const model = b.build();
    const tensor = graphOf(model).input[0]!.type!;
    const list = create(ValueInfoProtoSchema, {
      name: 'list',
      type: { value: { case: 'sequenceType', value: { elemType: tensor } } },
    });
    graphOf(model).valueInfo.push(list);
    const graph = graphOf(toFloat32(model).model);
    const type = graph.valueInfo[0]!.type!.value.value as { elemType: typeof tensor };
    expect(type.elemType).toEqual(graph.input[0]!.type);
    expect(declaredType(graph.input[0]!)).toBe('float32');
    expect(graph.node[0]!.attribute[0]!.i).toBe(10n);
  });

  test('subgraphs and functions change too; what they read keeps its name', async () => {
    const inner = new GraphBuilder({ name: 'branch' });
    inner.initializer('half', { type: 'float16', dims: [1], data: Uint16Array.of(0x4000) });
    const doubled = inner.op('Mul', ['half', 'half']);
    inner.output(doubled, 'float16', [1]);
    const branch = graphOf(inner.build());
    const add = withFields(branch.node[0]!, { input: ['half', 'cast'] });
    const b = new GraphBuilder();
    b.input('data', 'float32', ['N', 2, 4, 4]);
    b.op('Cast', ['data'], { to: { int: 10 } }, { outputs: ['cast'] });
    b.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
    const open = withFields(branch, { node: [add], output: [] });
    const output = branch.output.map((info) =>
      withFields(info, { type: graphOf(openEnd()).output[0]!.type! }),
    );
    const graph = withFields(open, { output });
    b.op('If', ['yes'], { then_branch: { graph }, else_branch: { graph } }, { outputs: ['y'] });
    b.op('Cast', ['y'], { to: { int: 1 } }, { outputs: ['embedding'] });
    b.output('embedding', 'float32', ['N', 2, 4, 4]);
    const { model } = toFloat32(b.build());
    expect(await embed(model)).toEqual(smallImages(2, 5).map((x) => 2 * x));
  });
});

function openEnd(): Model {
  const b = new GraphBuilder();
  b.input('x', 'float16', ['N', 2, 4, 4]);
  b.output('x', 'float16', ['N', 2, 4, 4]);
  return b.build();
}

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
