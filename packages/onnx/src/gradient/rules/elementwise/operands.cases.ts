import type { GradientCase } from '../../../testing/gradient-case.ts';
import { awayFrom, indices, randomTensor, scalar } from '../../../testing/random-tensor.ts';

const positive = (u: number): number => 0.6 + 2 * u;
/** Numbers no two operands of which are near to each other. */
const apart =
  (operand: number) =>
  (u: number): number =>
    Math.floor(12 * u - 6) / 2 + 0.15 * operand;

const arithmetic = ['Add', 'Sub', 'Mul', 'Div'].map(
  (operator): GradientCase => ({
    operator,
    name: 'each repeated along the other',
    inputs: {
      a: randomTensor('float32', [2, 1, 3], 1),
      b: randomTensor('float32', [4, 1], 2, positive),
    },
    opsets: [7, 13, 14],
  }),
);

const variadic = ['Sum', 'Mean', 'Max', 'Min'].map(
  (operator): GradientCase => ({
    operator,
    name: 'of three, repeated along each other',
    inputs: {
      a: randomTensor('float32', [2, 3], 1, apart(0)),
      b: randomTensor('float32', [3], 2, apart(1)),
      c: randomTensor('float32', [2, 1], 3, apart(2)),
    },
    opsets: [8, 13],
  }),
);

const slopes: readonly (readonly number[])[] = [[], [1], [3, 1, 1], [1, 3, 1, 1], [2, 3, 2, 4], [4], [2, 4]];

const prelu = slopes.map(
  (dims): GradientCase => ({
    operator: 'PRelu',
    name: `slope of shape [${dims}]`,
    inputs: {
      x: randomTensor('float32', [2, 3, 2, 4], 1, (u) => awayFrom(4 * u - 2, 0)),
      slope: randomTensor('float32', dims, 2),
    },
    opsets: [9, 16],
  }),
);

const between = randomTensor('float32', [3, 5], 3, (u) => awayFrom(4 * u - 2, -0.5, 0.8));

export const cases: readonly GradientCase[] = [
  ...arithmetic,
  ...variadic,
  ...prelu,
  {
    operator: 'Clip',
    name: 'constant bounds',
    inputs: { x: between },
    constants: { low: scalar('float32', -0.5), high: scalar('float32', 0.8) },
    opsets: [11, 13],
  },
  {
    operator: 'Clip',
    name: 'computed bounds, which get gradients',
    inputs: { x: between, low: scalar('float32', -0.5), high: scalar('float32', 0.8) },
    opsets: [11, 13],
  },
  {
    operator: 'Clip',
    name: 'only an upper bound',
    inputs: { x: between, high: scalar('float32', 0.8) },
    order: ['x', '', 'high'],
    opsets: [13],
  },
  {
    operator: 'Pow',
    name: 'base and exponent, repeated along each other',
    inputs: {
      x: randomTensor('float32', [2, 1], 1, positive),
      e: randomTensor('float32', [3, 1, 4], 2, (u) => 3 * u - 1),
    },
    opsets: [7, 13, 15],
    step: 1 / 256,
    tolerance: 5e-3,
  },
  {
    operator: 'Pow',
    name: 'an exponent of one number, as in a generalised mean',
    inputs: { x: randomTensor('float32', [2, 3], 1, positive), p: randomTensor('float32', [1], 2, () => 3) },
    opsets: [15],
    step: 1 / 256,
    tolerance: 5e-3,
  },
  ...[0, 1, 2, 3, 4].map(
    (exponent): GradientCase => ({
      operator: 'Pow',
      name: `bases of either sign, and 0, to the power of the integer ${exponent}`,
      inputs: {
        x: randomTensor('float32', [3, 4], 1, (u) => (u < 0.3 ? 0 : 4 * u - 2)),
      },
      constants: { e: indices(exponent) },
      opsets: [12, 15],
      step: 1 / 128,
      tolerance: 5e-3,
    }),
  ),
  {
    operator: 'Mod',
    name: 'remainder with the sign of the dividend',
    inputs: {
      a: randomTensor('float32', [2, 4], 1, (u) => Math.floor(8 * u - 4) * 1.5 + 0.4),
      b: randomTensor('float32', [4], 2, () => 1.5),
    },
    attributes: { fmod: { int: 1 } },
    wrt: ['a'],
    opsets: [10, 13],
  },
  {
    operator: 'Where',
    name: 'both branches, repeated',
    inputs: { a: randomTensor('float32', [2, 1, 3], 1), b: randomTensor('float32', [2, 1], 2) },
    constants: { condition: { type: 'bool', dims: [2, 1], data: Uint8Array.of(1, 0) } },
    order: ['condition', 'a', 'b'],
    opsets: [9, 16],
  },
];
