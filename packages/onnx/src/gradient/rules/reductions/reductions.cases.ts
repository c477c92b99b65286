import type { Attributes } from '../../../model/attributes.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';
import type { Values } from '../../../testing/run-model.ts';

/** Numbers of either sign, no two near to each other and none near 0. */
const apart = (u: number): number => (Math.floor(40 * u) - 20) / 10 + 0.05;
const positive = (u: number): number => 0.5 + u;

interface Form {
  readonly name: string;
  readonly attributes?: Attributes;
  readonly constants?: Values;
}

const int = (value: number): { int: number } => ({ int: value });
const BY_ATTRIBUTE: readonly Form[] = [
  { name: 'all axes' },
  { name: 'all axes, dropped', attributes: { keepdims: int(0) } },
  { name: 'two axes, one from the end', attributes: { axes: { ints: [0, -1] } } },
  { name: 'one axis, dropped', attributes: { axes: { ints: [1] }, keepdims: int(0) } },
];
const BY_INPUT: readonly Form[] = [
  { name: 'axes as an input, one from the end', constants: { axes: indices(0, -1) } },
  { name: 'axes as an input, dropped', attributes: { keepdims: int(0) }, constants: { axes: indices(1) } },
  { name: 'none, as said', attributes: { noop_with_empty_axes: int(1) } },
  { name: 'an empty list, which is all', constants: { axes: indices() } },
  { name: 'an empty list, all dropped', attributes: { keepdims: int(0) }, constants: { axes: indices() } },
  {
    name: 'an empty list, which is none',
    attributes: { noop_with_empty_axes: int(1) },
    constants: { axes: indices() },
  },
];

interface Reduction {
  readonly operator: string;
  readonly map?: (u: number) => number;
  /** The first opset that takes axes as an input. */
  readonly byInput?: number;
}

const REDUCTIONS: readonly Reduction[] = [
  { operator: 'ReduceSum', byInput: 13 },
  { operator: 'ReduceMean' },
  { operator: 'ReduceL1' },
  { operator: 'ReduceL2' },
  { operator: 'ReduceSumSquare' },
  { operator: 'ReduceLogSum', map: positive },
  { operator: 'ReduceLogSumExp' },
  { operator: 'ReduceMax' },
  { operator: 'ReduceMin' },
  { operator: 'ReduceProd', map: positive },
];

function casesOf({ operator, map = apart, byInput = 18 }: Reduction): readonly GradientCase[] {
  const inputs = { x: randomTensor('float32', [2, 3, 4], 6, map) };
  const common = { operator, inputs, step: 1 / 64, tolerance: 5e-3 };
  return [
    ...BY_ATTRIBUTE.map((form) => ({ ...common, ...form, opsets: byInput === 13 ? [11] : [11, 17] })),
    ...BY_INPUT.map((form) => ({ ...common, ...form, opsets: [byInput] })),
  ];
}

export const cases: readonly GradientCase[] = [
  ...REDUCTIONS.flatMap(casesOf),
  ...[1, 2].map(
    (zeros): GradientCase => ({
      operator: 'ReduceProd',
      name: `${zeros} of the numbers 0`,
      inputs: {
        x: {
          type: 'float32',
          dims: [2, 3],
          data: Float32Array.of(0, 2, zeros === 1 ? 3 : 0, 1.5, -2, 0),
        },
      },
      attributes: { axes: { ints: [1] } },
      opsets: [11],
    }),
  ),
];
