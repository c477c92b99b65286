import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Attributes } from '../../../model/attributes.ts';
import { checkGradient } from '../../../testing/check-gradient.ts';
import { checkerAcceptsAll } from '../../../testing/checker-test.ts';
import { DECLARED, nodeModel } from '../../../testing/node-model.ts';
import { awayFrom, type FloatName, randomTensor, scalar } from '../../../testing/random-tensor.ts';

const dims = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
const seed = fc.integer({ min: 1, max: 1e6 });
const declared = fc.constantFrom(...DECLARED);
const RUNS = { numRuns: 12 };

interface Unary {
  readonly operator: string;
  readonly type: FloatName;
  readonly map?: (u: number) => number;
  readonly attributes?: Attributes;
  readonly opset?: number;
}

const positive = (u: number): number => 0.5 + 2 * u;
const wide = (u: number): number => 8 * u - 4;
const UNARY: readonly Unary[] = [
  { operator: 'Identity', type: 'float64' },
  { operator: 'Neg', type: 'float64' },
  { operator: 'Exp', type: 'float64' },
  { operator: 'Log', type: 'float64', map: positive },
  { operator: 'Reciprocal', type: 'float64', map: positive },
  { operator: 'Sqrt', type: 'float64', map: positive },
  { operator: 'Sigmoid', type: 'float64', map: wide },
  { operator: 'Tanh', type: 'float64', map: wide },
  { operator: 'Erf', type: 'float32' },
  { operator: 'Relu', type: 'float64', map: (u) => awayFrom(wide(u), 0) },
  {
    operator: 'LeakyRelu',
    type: 'float32',
    map: (u) => awayFrom(wide(u), 0),
    attributes: { alpha: { float: 0.3 } },
  },
  {
    operator: 'HardSigmoid',
    type: 'float32',
    map: (u) => awayFrom(wide(u), -2, 2),
    attributes: { alpha: { float: 0.25 }, beta: { float: 0.5 } },
  },
  { operator: 'Gelu', type: 'float32', map: wide, opset: 20 },
  {
    operator: 'Gelu',
    type: 'float32',
    map: wide,
    attributes: { approximate: { string: 'tanh' } },
    opset: 20,
  },
  { operator: 'HardSwish', type: 'float32', map: (u) => awayFrom(wide(u), -3, 3) },
];

describe.each(UNARY)('$operator', ({ operator, type, map, attributes, opset = 17 }) => {
  test('agrees with central differences', async () => {
    await fc.assert(
      fc.asyncProperty(dims, seed, declared, async (shape, s, known) => {
        const inputs = { x: randomTensor(type, shape, s, map) };
        const model = nodeModel({ operator, inputs, attributes, declared: known, opset });
        await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
      }),
      RUNS,
    );
  });
});

/** Two shapes that broadcast: a common one, and of each operand some axes cut off or set to 1. */
const broadcastPair = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    fc.nat(4),
    fc.boolean(),
  )
  .map(([common, repeat, cut, swap]): [number[], number[]] => {
    const a = common.map((dim, i) => (repeat[i] ? 1 : dim));
    const b = common
      .map((dim, i) => (repeat[i + 4] && !repeat[i] ? 1 : dim))
      .slice(Math.min(cut, common.length));
    return swap ? [b, a] : [a, b];
  });

describe.each(['Add', 'Sub', 'Mul', 'Div', 'Sum'])('%s', (operator) => {
  test('sums over what was repeated, whatever is known of the shapes', async () => {
    await fc.assert(
      fc.asyncProperty(broadcastPair, seed, declared, async ([a, b], s, known) => {
        const inputs = {
          a: randomTensor('float64', a, s),
          b: randomTensor('float64', b, s + 1, (u) => (u < 0.5 ? -1 : 1) * (0.7 + u)),
        };
        const model = nodeModel({ operator, inputs, declared: known });
        await checkGradient({ model, of: 'y', wrt: ['a', 'b'], inputs });
      }),
      { numRuns: 25 },
    );
  });

  test('takes the same value twice', async () => {
    const inputs = { a: randomTensor('float64', [2, 3], 5, positive) };
    const model = nodeModel({ operator, inputs, order: ['a', 'a'] });
    await checkGradient({ model, of: 'y', wrt: ['a'], inputs });
  });
});

test.each([2, 3, 0.5, -1])('Pow with exponent %d', async (exponent) => {
  const inputs = { x: randomTensor('float64', [2, 3], 7, positive) };
  const model = nodeModel({ operator: 'Pow', inputs, constants: { e: scalar('float32', exponent) } });
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
});

test('Pow repeats its base along its exponents', async () => {
  const inputs = { x: randomTensor('float64', [2, 1], 7, positive) };
  const model = nodeModel({
    operator: 'Pow',
    inputs,
    constants: { e: randomTensor('float64', [3, 1, 4], 8) },
  });
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
});

test('PRelu, with the slope repeated over batch and positions', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(fc.nat(2), fc.nat(3), fc.nat(2)),
      seed,
      declared,
      async ([n, c, h], s, known) => {
        const inputs = {
          x: randomTensor('float32', [n + 1, c + 1, h + 1, 2], s, (u) => awayFrom(4 * u - 2, 0)),
          slope: randomTensor('float32', [c + 1, 1, 1], s + 1),
        };
        const model = nodeModel({ operator: 'PRelu', inputs, declared: known });
        await checkGradient({ model, of: 'y', wrt: ['x', 'slope'], inputs });
      },
    ),
    RUNS,
  );
});

test.each([
  { name: 'both bounds', order: ['x', 'low', 'high'] },
  { name: 'a lower bound', order: ['x', 'low'] },
  { name: 'an upper bound', order: ['x', '', 'high'] },
])('Clip with $name', async ({ order }) => {
  const inputs = { x: randomTensor('float64', [3, 5], 3, (u) => awayFrom(4 * u - 2, -0.5, 0.8)) };
  const constants = { low: scalar('float64', -0.5), high: scalar('float64', 0.8) };
  const model = nodeModel({ operator: 'Clip', inputs, constants, order });
  await checkGradient({ model, of: 'y', wrt: ['x'], inputs });
});

test('Where', async () => {
  await fc.assert(
    fc.asyncProperty(broadcastPair, seed, declared, async ([a, b], s, known) => {
      const inputs = { a: randomTensor('float64', a, s), b: randomTensor('float64', b, s + 1) };
      const condition = { type: 'bool', dims: [1], data: Uint8Array.of(s % 2) } as const;
      const order = ['condition', 'a', 'b'];
      const model = nodeModel({
        operator: 'Where',
        inputs,
        constants: { condition },
        order,
        declared: known,
      });
      await checkGradient({ model, of: 'y', wrt: ['a', 'b'], inputs });
    }),
    RUNS,
  );
});

checkerAcceptsAll();
