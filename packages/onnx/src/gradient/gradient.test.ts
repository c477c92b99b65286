import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError, UnsupportedOperatorError } from '../errors.ts';
import { graphOf, type Model } from '../model/model.ts';
import { withFields } from '../model/with-fields.ts';
import { checkGradient } from '../testing/check-gradient.ts';
import { checkerAcceptsAll } from '../testing/checker-test.ts';
import { indices, randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import { gradient } from './gradient.ts';

/** y = mean (x · w + b)², with b constant. */
function meanSquare(): Model {
  const builder = new GraphBuilder();
  builder.input('x', 'float64', ['N', 2]);
  builder.initializer('w', randomTensor('float64', [2, 3], 1));
  builder.initializer('b', randomTensor('float64', [3], 2));
  const sum = builder.op('Add', [builder.op('MatMul', ['x', 'w']), 'b']);
  builder.op('ReduceMean', [builder.op('Mul', [sum, sum])], { keepdims: { int: 0 } }, { outputs: ['y'] });
  builder.output('y', 'float64', []);
  return builder.build();
}

/** x through a node, squared. */
function through(operator: string, domain: string = '', attributes = {}): Model {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', [2]);
  const [odd] = builder.node(operator, ['x'], attributes, { name: 'the odd one', domain });
  builder.op('Mul', [odd!, odd!], {}, { outputs: ['y'] });
  builder.output('y', 'float32', [2]);
  return builder.build();
}

test('keeps the outputs, inputs and initializers, and leaves the model as it was', () => {
  const model = meanSquare();
  const before = structuredClone(model);
  const result = gradient(model, { of: 'y', wrt: ['w', 'x'] });
  expect(model).toEqual(before);
  const graph = graphOf(result.model);
  expect(graph.output.map(({ name }) => name)).toEqual(['y', 'grad/w', 'grad/x']);
  expect(graph.input).toEqual(graphOf(model).input);
  expect(graph.initializer.slice(0, 2)).toEqual(graphOf(model).initializer);
  expect([...result.gradients]).toEqual([
    ['w', 'grad/w'],
    ['x', 'grad/x'],
  ]);
});

test('of one element, needs no seed', async () => {
  const result = gradient(meanSquare(), { of: 'y', wrt: ['x'] });
  const session = await openModel(result.model);
  const x = randomTensor('float64', [4, 2], 3);
  const outputs = await session.run({ x });
  const step = 1e-5;
  for (let i = 0; i < 8; i++) {
    const at = async (distance: number): Promise<number> => {
      const data = (x.data as Float64Array).slice();
      data[i]! += distance;
      return Number((await session.run({ x: { ...x, data } as typeof x })).y!.data[0]);
    };
    const numeric = ((await at(step)) - (await at(-step))) / (2 * step);
    expect((outputs['grad/x']!.data as Float64Array)[i]).toBeCloseTo(numeric, 8);
  }
  await session.release();
});

test('adds up over every path, through shared values and chains', async () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float64', ['N', 3]);
  const half = builder.op('Sigmoid', ['x']);
  const both = builder.op('Mul', [half, 'x']);
  const more = builder.op('Sum', [both, half, 'x', builder.op('Exp', [both])]);
  builder.op('Concat', [more, builder.op('Neg', [half])], { axis: { int: 1 } }, { outputs: ['y'] });
  builder.output('y', 'float64', ['N', 6]);
  const inputs = { x: randomTensor('float64', [2, 3], 4) };
  await checkGradient({ model: builder.build(), of: 'y', wrt: ['x'], inputs });
});

test('a path through integers carries no gradient', async () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float64', ['N', 3]);
  const count = builder.op('Cast', [builder.op('Shape', ['x'])], { to: { int: 11 } });
  const first = builder.op('Gather', [count, builder.constant(indices(0))]);
  builder.op('Mul', ['x', first], {}, { outputs: ['y'] });
  builder.output('y', 'float64', ['N', 3]);
  const inputs = { x: randomTensor('float64', [2, 3], 4) };
  await checkGradient({ model: builder.build(), of: 'y', wrt: ['x'], inputs });
});

test('can be taken of a gradient', async () => {
  const first = gradient(meanSquare(), { of: 'y', wrt: ['x'] });
  const inputs = { x: randomTensor('float64', [4, 2], 3) };
  await checkGradient({ model: first.model, of: 'grad/x', wrt: ['x'], inputs });
});

describe('an operator without a rule', () => {
  test.each([
    ['Det', '', 'Det'],
    ['Mystery', 'org.example', 'org.example.Mystery'],
    ['Relu', 'org.example', 'org.example.Relu'],
  ])('%s of %j is named with its node', (operator, domain, name) => {
    try {
      gradient(through(operator, domain), { of: 'y', wrt: ['x'], seed: 's' });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnsupportedOperatorError);
      expect(error).toMatchObject({ code: 'E_ONNX_OPERATOR', node: 'the odd one', operator: name });
    }
  });

  test('may take integers first: nothing is known of what it gives', () => {
    const builder = new GraphBuilder();
    const count = builder.constant(indices(2));
    const [odd] = builder.node(
      'Mystery',
      [count, builder.input('x', 'float32', [2])],
      {},
      { domain: 'org.example' },
    );
    builder.op('Relu', [odd!], {}, { outputs: ['y'] });
    builder.output('y', 'float32', [2]);
    expect(() => gradient(builder.build(), { of: 'y', wrt: ['x'], seed: 's' })).toThrow(/Mystery/);
  });

  test('off the path, is nobody’s business', () => {
    const builder = GraphBuilder.extend(meanSquare());
    builder.output(builder.op('Mystery', ['x'], {}, { domain: 'org.example' }), 'float64');
    builder.op('Det', ['y']);
    expect(() => gradient(builder.build(), { of: 'y', wrt: ['w'] })).not.toThrow();
  });

  test('may hide in a subgraph that reads a value from outside', () => {
    const branch = new GraphBuilder();
    branch.input('x', 'float32', [2]);
    branch.output(branch.op('Neg', ['x'], {}, { outputs: ['inner'] }), 'float32', [2]);
    const graph = withFields(graphOf(branch.build()), { input: [] });
    const builder = new GraphBuilder();
    builder.input('x', 'float32', [2]);
    const yes = builder.input('yes', 'bool', []);
    builder.op('If', [yes], { then_branch: { graph }, else_branch: { graph } }, { outputs: ['y'] });
    builder.output('y', 'float32', [2]);
    expect(() => gradient(builder.build(), { of: 'y', wrt: ['x'], seed: 's' })).toThrow(/If/);
  });
});

test('a use of an operator that has no rule says which would', () => {
  const model = through('AveragePool', '', {
    kernel_shape: { ints: [2, 2] },
    strides: { ints: [2, 2] },
    auto_pad: { string: 'SAME_UPPER' },
  });
  expect(() => gradient(model, { of: 'y', wrt: ['x'], seed: 's' })).toThrow(/auto_pad/);
});

describe('what cannot be differentiated', () => {
  test.each([
    ['an unknown output', { of: 'z', wrt: ['x'] }, /of = 'z'/],
    ['a misspelt weight', { of: 'y', wrt: ['ww'] }, /did you mean 'w'/],
    ['nothing', { of: 'y', wrt: [] }, /wrt = \[\]/],
    ['the same twice', { of: 'y', wrt: ['w', 'w'] }, /each once/],
    ['a seed that is taken', { of: 'y', wrt: ['w'], seed: 'x' }, /second value 'x'/],
  ])('%s', (_, options, message) => {
    expect(() => gradient(meanSquare(), options)).toThrow(OnnxGraphError);
    expect(() => gradient(meanSquare(), options)).toThrow(message);
  });

  test('an output of many elements without a seed', () => {
    expect(() => gradient(through('Relu'), { of: 'y', wrt: ['x'] })).toThrow(/one element, or a seed/);
  });

  test('a weight that the output does not depend on', () => {
    const builder = GraphBuilder.extend(meanSquare());
    builder.initializer('idle', randomTensor('float64', [2], 1));
    expect(() => gradient(builder.build(), { of: 'y', wrt: ['idle'] })).toThrow(/depends on/);
  });

  test('integers', () => {
    const builder = GraphBuilder.extend(meanSquare());
    builder.initializer('counts', indices(1, 2));
    expect(() => gradient(builder.build(), { of: 'y', wrt: ['counts'] })).toThrow(/int64/);
  });
});

test('a window of absurd size is refused before memory is taken', () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', ['N', 1, 'H', 'W']);
  const window = { kernel_shape: { ints: [2 ** 17, 2 ** 17] } };
  builder.op('AveragePool', ['x'], window, { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 1, 'P', 'Q']);
  expect(() => gradient(builder.build(), { of: 'y', wrt: ['x'], seed: 'seed' })).toThrow(
    /constant of shape \[1, 1, 131072, 131072\]/,
  );
});

checkerAcceptsAll();
