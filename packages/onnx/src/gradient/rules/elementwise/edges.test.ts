import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../builder/graph-builder.ts';
import type { Attributes } from '../../../model/attributes.ts';
import type { Model } from '../../../model/model.ts';
import { nodeModel } from '../../../testing/node-model.ts';
import { openModel, type Values } from '../../../testing/run-model.ts';
import { gradient } from '../../gradient.ts';

const vector = (...numbers: readonly number[]): Values[string] => ({
  type: 'float32',
  dims: [numbers.length],
  data: Float32Array.from(numbers),
});

/** Gradients of the sum of y. */
async function slopes(model: Model, inputs: Values, wrt: readonly string[]): Promise<readonly number[][]> {
  const result = gradient(model, { of: 'y', wrt, seed: 'seed' });
  const session = await openModel(result.model);
  const { data, dims } = Object.values(inputs)[0]!;
  const seed = { type: 'float32', dims, data: new Float32Array(data.length).fill(1) } as const;
  const outputs = await session.run({ ...inputs, seed });
  await session.release();
  return wrt.map((name) => Array.from(outputs[result.gradients.get(name)!]!.data as Float32Array));
}

interface Edge {
  readonly operator: string;
  readonly x: readonly number[];
  readonly expected: readonly number[];
  readonly attributes?: Attributes;
  readonly opset?: number;
}

const selu = { alpha: 1.6732631921768188, gamma: 1.0507010221481323 };
const EDGES: readonly Edge[] = [
  { operator: 'Elu', x: [0, -1e30, 1e30], expected: [0.5, 0, 1], attributes: { alpha: { float: 0.5 } } },
  { operator: 'Celu', x: [0, -1e30, 1e30], expected: [1, 0, 1], attributes: { alpha: { float: 0.5 } } },
  { operator: 'Selu', x: [0, -1e30, 1e30], expected: [selu.alpha * selu.gamma, 0, selu.gamma] },
  { operator: 'Relu', x: [0, -1e30, 1e30], expected: [0, 0, 1] },
  { operator: 'LeakyRelu', x: [0, -1], expected: [0.25, 0.25], attributes: { alpha: { float: 0.25 } } },
  { operator: 'Softplus', x: [0, -1e30, 1e30], expected: [0.5, 0, 1] },
  { operator: 'Softsign', x: [0, -1e30, 1e30], expected: [1, 0, 0] },
  { operator: 'Mish', x: [0, -1e30, 1e30], expected: [0.6, 0, 1], opset: 18 },
  { operator: 'Swish', x: [0, -1e30, 1e30], expected: [0.5, 0, 1], opset: 24 },
  { operator: 'Gelu', x: [0, -1e15, 1e15], expected: [0.5, 0, 1], opset: 20 },
  {
    operator: 'Gelu',
    x: [0, -1e10, 1e10],
    expected: [0.5, 0, 1],
    attributes: { approximate: { string: 'tanh' } },
    opset: 20,
  },
  { operator: 'Erf', x: [-1e30, 1e30], expected: [0, 0] },
  { operator: 'Atan', x: [0, -1e30, 1e30], expected: [1, 0, 0] },
  { operator: 'Tanh', x: [-1e30, 1e30], expected: [0, 0] },
  { operator: 'Sigmoid', x: [-1e30, 1e30], expected: [0, 0] },
  { operator: 'Abs', x: [0, -2, 2], expected: [0, -1, 1] },
  { operator: 'ThresholdedRelu', x: [1, 2], expected: [0, 1] },
  { operator: 'Shrink', x: [-0.5, 0.5, 0, 2], expected: [0, 0, 0, 1] },
  { operator: 'Sign', x: [0, 2], expected: [0, 0] },
  { operator: 'Floor', x: [0.5, 2], expected: [0, 0] },
  { operator: 'Ceil', x: [0.5, 2], expected: [0, 0] },
  { operator: 'Round', x: [0.5, 2], expected: [0, 0] },
  { operator: 'Hardmax', x: [0.5, 2], expected: [0, 0] },
];

test.each(EDGES)('$operator at $x has the slopes $expected of PyTorch', async (edge) => {
  const inputs = { x: vector(...edge.x) };
  const { operator, attributes, opset = 17 } = edge;
  const [found] = await slopes(nodeModel({ operator, inputs, attributes, opset }), inputs, ['x']);
  expect(found).toHaveLength(edge.expected.length);
  found!.forEach((slope, i) => {
    expect(slope).toBeCloseTo(edge.expected[i]!, 5);
  });
});

test('Pow at 0, and of negative numbers, as PyTorch has it', async () => {
  const inputs = { x: vector(0, 0, 2, 0), e: vector(2, 0, 3, 1) };
  const found = await slopes(nodeModel({ operator: 'Pow', inputs }), inputs, ['x', 'e']);
  expect(found[0]).toEqual([0, 0, 12, 1]);
  expect(found[1]!.slice(0, 2)).toEqual([0, 0]);
  expect(found[1]![2]).toBeCloseTo(8 * Math.LN2, 5);
  const cube = { x: vector(-2, -1), e: vector(3, -2) };
  expect(await slopes(nodeModel({ operator: 'Pow', inputs: cube }), cube, ['x'])).toEqual([[12, 2]]);
});

test('Clip gives what is at a bound to x, and what is beyond to the bound', async () => {
  const scalar = (number: number): Values[string] => ({ ...vector(number), dims: [] });
  const inputs = { x: vector(-1, 0, 1, 2, 3, 4), low: scalar(0), high: scalar(2) };
  const model = nodeModel({ operator: 'Clip', inputs });
  expect(await slopes(model, inputs, ['x', 'low', 'high'])).toEqual([[0, 1, 1, 1, 0, 0], [1], [2]]);
});

test('Mod gives its divisor the quotient, rounded towards 0', async () => {
  const inputs = { a: vector(-5, 5, 7.5), b: vector(3, 3, -2) };
  const model = nodeModel({ operator: 'Mod', inputs, attributes: { fmod: { int: 1 } } });
  expect(await slopes(model, inputs, ['a', 'b'])).toEqual([
    [1, 1, 1],
    [1, -1, 3],
  ]);
});

test('a flat path beside another adds nothing', async () => {
  const builder = new GraphBuilder();
  builder.input('x', 'float32', [2]);
  const flat = builder.op('Sub', [builder.op('Floor', ['x']), 'x']);
  builder.node('Mul', [flat, 'x'], {}, { outputs: ['y'] });
  builder.output('y', 'float32', [2]);
  // y = (⌊x⌋ − x) · x
  expect(await slopes(builder.build(), { x: vector(1.5, -0.5) }, ['x'])).toEqual([[-2, 0]]);
});
