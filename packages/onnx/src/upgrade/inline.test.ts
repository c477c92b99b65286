import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { GraphBuilder, type NodeOptions } from '../builder/graph-builder.ts';
import { UnsupportedOperatorError } from '../errors.ts';
import { gradient } from '../gradient/gradient.ts';
import { FunctionProtoSchema } from '../model/messages/onnx_pb.js';
import { type Graph, graphOf, type Model } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { withFields } from '../model/with-fields.ts';
import { prepareModel } from '../passes/prepare-model.ts';
import { checkGradient } from '../testing/check-gradient.ts';
import { indices, randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { upgradeModel } from './upgrade-model.ts';

/** A branch of one node that reads a value from outside. */
function branch(operator: string, input: string, opset: number, name: string = 'inside'): Graph {
  const builder = new GraphBuilder({ opset });
  builder.input(input, 'float32');
  const weight = builder.initializer('w', { type: 'float32', dims: [], data: Float32Array.of(3) });
  const product = builder.op('Mul', [input, weight], {}, { outputs: [`${name}/product`] });
  const axes = { axes: { ints: [1] } };
  if (operator === 'Squeeze' && opset >= 13) {
    const one = builder.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(1n) });
    builder.op('Squeeze', [product, one], {}, { outputs: [name] });
  } else builder.op(operator, [product], operator === 'Squeeze' ? axes : {}, { outputs: [name] });
  builder.output(name, 'float32');
  return withFields(graphOf(builder.build()), { input: [] });
}

/** What PyTorch writes of x.squeeze(1) where it does not know the size of the axis. */
function squeezed(size: number | undefined, opset: number, batch: string | number = 'N'): Model {
  const builder = new GraphBuilder({ opset });
  builder.input('x', 'float32', [batch, size, 3]);
  builder.initializer('w', { type: 'float32', dims: [3], data: Float32Array.of(1, 2, 3) });
  builder.op('Mul', ['x', 'w'], {}, { outputs: ['inside'] });
  const one = builder.initializer('one', { type: 'int64', dims: [], data: BigInt64Array.of(1n) });
  const found = builder.op('Gather', [builder.op('Shape', ['inside']), one]);
  const equal = builder.op('Equal', [found, one]);
  const branches = {
    then_branch: { graph: branch('Squeeze', 'inside', opset, 'then') },
    else_branch: { graph: branch('Neg', 'inside', opset, 'inside_1') },
  };
  builder.op('If', [equal], branches, { outputs: ['y'] });
  builder.output('y', 'float32');
  return builder.build();
}

describe('branches', () => {
  test.each([
    [1, 11],
    [2, 11],
    [1, 17],
    [2, 17],
    [1, 25],
  ])('the one that is taken for a size of %i in opset %i stands in the place of If', async (size, opset) => {
    const x = randomTensor('float32', [2, size, 3], 1);
    const model = squeezed(size, opset);
    expect(graphOf(upgradeModel(model)).node.map(({ opType }) => opType)).not.toContain('If');
    await checkGradient({ model: upgradeModel(model), of: 'y', wrt: ['x'], inputs: { x } });
    const prepared = prepareModel(model);
    expect(prepared.notes.map(({ kind }) => kind)).toContain('written-out');
    // onnxruntime refuses a branch that is not taken if it does not fit.
    const session = await openModel(prepared.model);
    const { dims, data } = (await session.run({ x })).y!;
    await session.release();
    expect(dims).toEqual(size === 1 ? [2, 3] : [2, 2, 3]);
    const factor = (i: number): number => ((i % 3) + 1) * (size === 1 ? 3 : -3);
    for (const [i, value] of (x.data as Float32Array).entries())
      expect(data[i]).toBeCloseTo(value * factor(i), 5);
  });

  test('a fixed batch decides nothing: it will be free', () => {
    const builder = new GraphBuilder();
    builder.input('x', 'float32', [1, 3]);
    const zero = builder.initializer('zero', { type: 'int64', dims: [], data: BigInt64Array.of(0n) });
    const one = builder.initializer('one', { type: 'int64', dims: [], data: BigInt64Array.of(1n) });
    const equal = builder.op('Equal', [builder.op('Gather', [builder.op('Shape', ['x']), zero]), one]);
    const branches = {
      then_branch: { graph: branch('Relu', 'x', 17, 'then') },
      else_branch: { graph: branch('Neg', 'x', 17, 'else') },
    };
    builder.op('If', [equal], branches, { outputs: ['y'], name: 'choice' });
    builder.output('y', 'float32');
    const model = builder.build();
    const names = graphOf(upgradeModel(model)).node.map(({ opType }) => opType);
    expect(names).toContain('Relu');
    expect(() => prepareModel(model)).toThrow(/choice/);
  });

  test('an unknown condition is refused with the name of the node', () => {
    const model = squeezed(undefined, 17);
    const refused = (): unknown => gradient(model, { of: 'y', wrt: ['x'], seed: 'seed' });
    expect(refused).toThrow(UnsupportedOperatorError);
    expect(refused).toThrow(/If whose condition follows/);
  });
});

test.each([11, 12, 13, 16])('graphs inside nodes are brought to opset 17 from %i', async (opset) => {
  const model = squeezed(undefined, opset);
  const [before, after] = [await openModel(model), await openModel(upgradeModel(model))];
  for (const size of [1, 2]) {
    const x = randomTensor('float32', [2, size, 3], 1);
    expect((await after.run({ x })).y).toEqual((await before.run({ x })).y);
  }
  await before.release();
  await after.release();
});

/** A model with functions: scaled(x) = x · factor, twice(x) = scaled(x) + scaled(x). */
function withFunctions(version: bigint = 17n): Model {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', ['N', 2]);
  builder.node('twice', ['x'], { factor: { float: 3 } }, { outputs: ['y'], domain: 'own', name: 'call' });
  builder.output('y', 'float32', ['N', 2]);
  const reference = (name: string, refAttrName: string): { name: string; refAttrName: string; type: 1 } => ({
    name,
    refAttrName,
    type: 1,
  });
  const constant = withFields(createNode('c', 'Constant', [], ['c']), {});
  constant.attribute = [
    {
      ...createNode('', '', [], [], { value_float: { float: 0 } }).attribute[0]!,
      ...reference('value_float', 'factor'),
    },
  ];
  const inner = (output: string): ReturnType<typeof createNode> => {
    const node = createNode(output, 'scaled', ['v'], [output], { factor: { float: 0 } }, 'own');
    node.attribute = [{ ...node.attribute[0]!, ...reference('factor', 'factor') }];
    return node;
  };
  const opsetImport = [{ domain: '', version }];
  const functions = [
    create(FunctionProtoSchema, {
      name: 'scaled',
      domain: 'own',
      input: ['v'],
      output: ['x'],
      attribute: ['factor'],
      node: [constant, createNode('m', 'Mul', ['v', 'c'], ['x'])],
      opsetImport,
    }),
    create(FunctionProtoSchema, {
      name: 'twice',
      domain: 'own',
      input: ['v'],
      output: ['s'],
      attribute: ['factor'],
      node: [inner('a'), inner('b'), createNode('s', 'Add', ['a', 'b'], ['s'])],
      opsetImport: [...opsetImport, { domain: 'own', version: 1n }],
    }),
  ];
  const model = builder.build();
  const own = { ...model.opsetImport[0]!, domain: 'own', version: 1n };
  return withFields(model, { functions, opsetImport: [...model.opsetImport, own] });
}

test('calls of functions give way to their nodes', async () => {
  const model = withFunctions();
  const x = randomTensor('float32', [2, 2], 1);
  expect(upgradeModel(model).functions).toEqual([]);
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs: { x } });
  const session = await openModel(prepareModel(model).model);
  expect((await session.run({ x })).y!.data).toEqual((x.data as Float32Array).map((v) => 6 * v));
  await session.release();
  expect(() => upgradeModel(withFunctions(18n))).toThrow(/call/);
});

/** v ↦ |v| · w + round · x, three times, with what comes out gathered; where the condition is computed, it may end. */
function looped(rounds: number | undefined, isComputed: boolean = false): Model {
  const body = new GraphBuilder();
  const counter = body.input('i', 'int64', []);
  const open = body.input('open', 'bool', []);
  const value = body.input('v', 'float32', ['N', 2]);
  body.input('x', 'float32', ['N', 2]);
  const weight = body.initializer('w', { type: 'float32', dims: [], data: Float32Array.of(0.5) });
  const named = (name: string): NodeOptions => ({ outputs: [name], name });
  const next = body.op('Mul', [body.op('Abs', [value], {}, named('size')), weight], {}, named('next'));
  const round = body.op('Cast', [counter], { to: { int: 1 } }, named('round'));
  const share = body.op('Mul', ['x', round], {}, named('share'));
  body.op('Add', [next, share], {}, named('sum'));
  const other = body.op(isComputed ? 'Not' : 'Identity', [open], {}, named('other'));
  body.output(other, 'bool', []);
  body.output('sum', 'float32', ['N', 2]);
  const gathered = body.op('Neg', ['sum'], {}, named('gathered'));
  body.output(gathered, 'float32', ['N', 2]);
  const inside = graphOf(body.build());
  const builder = new GraphBuilder();
  builder.input('x', 'float32', ['N', 2]);
  const scalar = { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(rounds ?? 0)) } as const;
  const count = rounds === undefined ? builder.input('rounds', 'int64', []) : builder.constant(scalar);
  const yes = builder.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
  const graph = withFields(inside, { input: inside.input.slice(0, 3) });
  const start = builder.op('Mul', ['x', 'x']);
  const [last, all] = builder.node(
    'Loop',
    [count, yes, start],
    { body: { graph } },
    { outputs: ['v', 'a'], name: 'loop' },
  );
  const sum = builder.op('ReduceSum', [all!, builder.constant(indices(0))], { keepdims: { int: 0 } });
  builder.op('Mul', [last!, sum], {}, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 2]);
  return builder.build();
}

test('a loop of a known number of rounds is written out', async () => {
  const x = randomTensor('float32', [2, 2], 1);
  const model = looped(3);
  expect(graphOf(upgradeModel(model)).node.map(({ opType }) => opType)).not.toContain('Loop');
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs: { x }, step: 1 / 256 });
});

test.each([
  ['of an unknown number of rounds', looped(undefined)],
  ['that may end itself', looped(3, true)],
  ['of many rounds', looped(2000)],
])('a loop %s stays, and is refused', (_, model) => {
  expect(graphOf(upgradeModel(model)).node.map(({ opType }) => opType)).toContain('Loop');
  expect(() => gradient(model, { of: 'y', wrt: ['x'], seed: 's' })).toThrow(/'loop'/);
});

test('a branch that hands a value on as it is', async () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', [2]);
  const square = builder.op('Mul', ['x', 'x'], {}, { outputs: ['square'] });
  const inside = new GraphBuilder();
  inside.input(square, 'float32', [2]);
  inside.output(square, 'float32', [2]);
  const graph = withFields(graphOf(inside.build()), { input: [] });
  const yes = builder.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
  const branches = { then_branch: { graph }, else_branch: { graph: branch('Neg', square, 17) } };
  builder.op('If', [yes], branches, { outputs: ['y'] });
  builder.output('y', 'float32', [2]);
  const x = randomTensor('float32', [2], 1);
  await checkGradient({ model: upgradeModel(builder.build()), of: 'y', wrt: ['x'], inputs: { x } });
});

/** Lists of parts of [2, 5, 3] along the second axis, of which some are joined again. */
function listed(opset: number, sizes: 'none' | 'one' | 'each', isKnown: boolean = true): Model {
  const builder = new GraphBuilder({ opset });
  const x = builder.input('x', 'float32', ['N', isKnown ? 5 : undefined, 3]);
  const whole = (numbers: readonly number[], dims: readonly number[]): string =>
    builder.constant({ type: 'int64', dims, data: BigInt64Array.from(numbers, BigInt) });
  const given = { none: [], one: [whole([2], [])], each: [whole([1, 2, 2], [3])] }[sizes];
  const attributes = { axis: { int: 1 }, ...(sizes === 'none' && { keepdims: { int: 0 } }) };
  const list = builder.op('SplitToSequence', [x, ...given], attributes, { name: 'parts' });
  const last = builder.op('SequenceAt', [list, whole([-1], [])]);
  const two = builder.op('SequenceConstruct', [last, builder.op('Exp', [last])]);
  const more = builder.op('SequenceInsert', [two, builder.op('Neg', [last]), whole([0], [])]);
  const fewer = builder.op('SequenceErase', [more, whole([1], [])]);
  const joined = builder.op('ConcatFromSequence', [fewer], { axis: { int: 1 } });
  const stacked = builder.op('ConcatFromSequence', [fewer], { axis: { int: 0 }, new_axis: { int: 1 } });
  const count = builder.op('Cast', [builder.op('SequenceLength', [list])], { to: { int: 1 } });
  const length = builder.op('ReduceSum', [builder.op('Mul', [stacked, count])], { keepdims: { int: 0 } });
  builder.op('Add', [joined, length], {}, { outputs: ['y'] });
  builder.output('y', 'float32');
  return builder.build();
}

test.each(
  [11, 13, 17].flatMap((opset) => (['none', 'one', 'each'] as const).map((sizes) => [opset, sizes] as const)),
)('lists of tensors in opset %i, sizes given: %s', async (opset, sizes) => {
  const x = randomTensor('float32', [2, 5, 3], 1);
  const model = listed(opset, sizes);
  expect(graphOf(upgradeModel(model)).node.map(({ opType }) => opType)).not.toContain('SequenceAt');
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs: { x } });
});

test('a list of a length that is not known is refused', () => {
  expect(() => upgradeModel(listed(17, 'one', false))).toThrow(/'parts'/);
});

/** v ↦ −v, as many times; the body says whether it goes on, and the loop whether it begins. */
function negated(rounds: number, { goesOn = true, begins = true, loops = 1 } = {}): Model {
  const bool = (value: boolean) => ({ type: 'bool', dims: [], data: Uint8Array.of(Number(value)) }) as const;
  const body = new GraphBuilder();
  body.input('i', 'int64', []);
  body.input('open', 'bool', []);
  const value = body.input('v', 'float32', ['N', 2]);
  body.output(body.initializer('on', bool(goesOn)), 'bool', []);
  const negative = body.op('Neg', [value], {}, { outputs: ['negative'] });
  body.output(negative, 'float32', ['N', 2]);
  body.output(body.op('Exp', [negative], {}, { outputs: ['grown'] }), 'float32', ['N', 2]);
  const graph = graphOf(body.build());
  const builder = new GraphBuilder();
  let x = builder.input('x', 'float32', ['N', 2]);
  const count = builder.constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(rounds)) });
  let all = '';
  for (let i = 0; i < loops; i++) {
    const inputs = [count, builder.constant(bool(begins)), x];
    [x, all] = builder.node('Loop', inputs, { body: { graph } }, { outputs: [`v${i}`, `all${i}`] }) as [
      string,
      string,
    ];
  }
  builder.op('Add', [x, all], {}, { outputs: ['y'] });
  builder.output('y', 'float32', [undefined, 'N', 2]);
  return builder.build();
}

const loopsOf = (model: Model): number =>
  graphOf(upgradeModel(model)).node.filter(({ opType }) => opType === 'Loop').length;

test('what rounds give is stacked in their order', async () => {
  const x = randomTensor('float32', [2, 2], 1);
  const model = negated(2);
  expect(loopsOf(model)).toBe(0);
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs: { x } });
});

test('a loop that ends after its first round, or never begins, stays; and so do more rounds than are written out', () => {
  expect(loopsOf(negated(3, { goesOn: false }))).toBe(1);
  expect(loopsOf(negated(3, { begins: false }))).toBe(1);
  expect([1, 2, 3].map((loops) => loopsOf(negated(1000, { loops })))).toEqual([0, 1, 2]);
});

describe('a function', () => {
  const factor = createNode('', '', [], [], { factor: { float: 3 } }).attribute[0]!;
  const calling = (nodes: ReturnType<typeof createNode>[]): Model => {
    const builder = new GraphBuilder();
    builder.input('x', 'float32', [2]);
    builder.node('own', ['x'], {}, { outputs: ['y'], domain: 'own', name: 'call' });
    builder.output('y', 'float32', [2]);
    const own = create(FunctionProtoSchema, {
      name: 'own',
      domain: 'own',
      input: ['v'],
      output: ['w'],
      attributeProto: [factor],
      node: nodes,
      opsetImport: [{ domain: '', version: 17n }],
    });
    return withFields(builder.build(), { functions: [own] });
  };

  test('takes its own attributes where the call has none', async () => {
    const constant = createNode('c', 'Constant', [], ['c']);
    constant.attribute = [{ ...factor, name: 'value_float', refAttrName: 'factor' }];
    const model = calling([constant, createNode('m', 'Mul', ['v', 'c'], ['w'])]);
    const session = await openModel(upgradeModel(model));
    const x = randomTensor('float32', [2], 1);
    expect((await session.run({ x })).y!.data).toEqual((x.data as Float32Array).map((v) => 3 * v));
    await session.release();
  });

  test('that calls itself is refused', () => {
    const model = calling([createNode('again', 'own', ['v'], ['w'], {}, 'own')]);
    expect(() => upgradeModel(model)).toThrow(/functions that do not call themselves/);
  });
});

test.each<[string, RegExp, (builder: GraphBuilder, list: string) => string]>([
  [
    'read behind its end',
    /a position inside the list/,
    (builder, list) =>
      builder.op('SequenceAt', [
        list,
        builder.constant({ type: 'int64', dims: [], data: BigInt64Array.of(7n) }),
      ]),
  ],
  [
    'handed on whole',
    /only joined, or read element by element/,
    (builder, list) => builder.op('Identity', [list]),
  ],
])('a list that is %s is refused', (_, message, read) => {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', [2]);
  builder.output(read(builder, builder.op('SequenceConstruct', [x, x])), 'float32');
  expect(() => upgradeModel(builder.build())).toThrow(message);
});
