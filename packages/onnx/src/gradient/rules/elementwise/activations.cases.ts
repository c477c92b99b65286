import type { Attributes } from '../../../model/attributes.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { awayFrom, randomTensor } from '../../../testing/random-tensor.ts';

interface Unary {
  readonly operator: string;
  readonly opsets: readonly number[];
  /** Range of the numbers tried. */
  readonly range?: readonly [number, number];
  readonly kinks?: readonly number[];
  readonly attributes?: Attributes;
}

const UNARY: readonly Unary[] = [
  { operator: 'Elu', opsets: [7, 22], kinks: [0] },
  { operator: 'Elu', opsets: [17], kinks: [0], attributes: { alpha: { float: 0.4 } } },
  { operator: 'Celu', opsets: [12, 17] },
  { operator: 'Celu', opsets: [17], attributes: { alpha: { float: 2.5 } } },
  { operator: 'Selu', opsets: [7, 22], kinks: [0] },
  { operator: 'Selu', opsets: [17], kinks: [0], attributes: { alpha: { float: 1.2 }, gamma: { float: 2 } } },
  { operator: 'Softplus', opsets: [7, 22] },
  { operator: 'Mish', opsets: [18, 22] },
  { operator: 'Swish', opsets: [24] },
  { operator: 'Swish', opsets: [24], attributes: { alpha: { float: 1.7 } } },
  { operator: 'HardSwish', opsets: [14, 22], kinks: [-3, 3] },
  { operator: 'HardSigmoid', opsets: [7, 22], kinks: [-2.5, 2.5] },
  { operator: 'Gelu', opsets: [20] },
  { operator: 'Gelu', opsets: [20], attributes: { approximate: { string: 'tanh' } } },
  { operator: 'ThresholdedRelu', opsets: [10, 22], kinks: [1] },
  { operator: 'ThresholdedRelu', opsets: [17], kinks: [-0.5], attributes: { alpha: { float: -0.5 } } },
  { operator: 'Shrink', opsets: [9, 17], kinks: [-0.5, 0.5] },
  {
    operator: 'Shrink',
    opsets: [17],
    kinks: [-1, 1],
    attributes: { lambd: { float: 1 }, bias: { float: 0.5 } },
  },
  { operator: 'Relu', opsets: [7, 14], kinks: [0] },
  { operator: 'LeakyRelu', opsets: [7, 16], kinks: [0], attributes: { alpha: { float: 0.2 } } },
  { operator: 'Abs', opsets: [7, 13], kinks: [0] },
  { operator: 'Sigmoid', opsets: [7, 13] },
  { operator: 'Tanh', opsets: [7, 13] },
  { operator: 'Erf', opsets: [9, 13] },
  { operator: 'Neg', opsets: [7, 13] },
  { operator: 'Exp', opsets: [7, 13], range: [-2, 2] },
  { operator: 'Log', opsets: [7, 13], range: [0.5, 3] },
  { operator: 'Sqrt', opsets: [7, 13], range: [0.5, 3] },
  { operator: 'Reciprocal', opsets: [7, 13], range: [-3, -0.6] },
  { operator: 'Sin', opsets: [7, 22] },
  { operator: 'Cos', opsets: [7, 22] },
  { operator: 'Tan', opsets: [7, 22], range: [-1, 1] },
  { operator: 'Asin', opsets: [7, 22], range: [-0.8, 0.8] },
  { operator: 'Acos', opsets: [7, 22], range: [-0.8, 0.8] },
  { operator: 'Atan', opsets: [7, 22] },
  { operator: 'Sinh', opsets: [9, 22], range: [-2, 2] },
  { operator: 'Cosh', opsets: [9, 22], range: [-2, 2] },
  { operator: 'Asinh', opsets: [9, 22] },
  { operator: 'Acosh', opsets: [9, 22], range: [1.4, 4] },
  { operator: 'Atanh', opsets: [9, 22], range: [-0.8, 0.8] },
];

function unaryCase({ operator, opsets, range = [-4, 4], kinks = [], attributes }: Unary): GradientCase {
  const [low, high] = range;
  const number = (u: number): number => awayFrom(low + (high - low) * u, ...kinks);
  return {
    operator,
    name: attributes === undefined ? 'as it comes' : `with ${Object.keys(attributes).join(', ')}`,
    inputs: { x: randomTensor('float32', [2, 3, 4], 1, number) },
    opsets,
    ...(attributes && { attributes }),
  };
}

export const cases: readonly GradientCase[] = UNARY.map(unaryCase);
