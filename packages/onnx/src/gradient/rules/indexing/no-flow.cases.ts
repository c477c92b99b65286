import type { TensorData } from '../../../model/tensor.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { awayFrom, randomTensor } from '../../../testing/random-tensor.ts';

const HALVES = [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2];
/** No step is near. */
const x: TensorData = randomTensor('float32', [2, 3], 1, (u) => awayFrom(4 * u - 2, ...HALVES));
/** No two numbers are near to each other. */
const apart: TensorData = {
  type: 'float32',
  dims: [2, 3],
  data: Float32Array.of(0.5, -1.5, 1.5, 2.5, 0.25, -0.5),
};

const told = (
  operator: string,
  opsets: readonly number[],
  rest: Partial<GradientCase> = {},
): GradientCase => ({
  operator,
  name: 'nothing flows',
  inputs: { x: apart },
  isCast: true,
  opsets,
  ...rest,
});

export const cases: readonly GradientCase[] = [
  ...['ArgMax', 'ArgMin'].flatMap((operator) => [
    told(operator, [7, 11, 13], { attributes: { axis: { int: 1 } } }),
    told(operator, [12, 13], {
      name: 'nothing flows, without the axis',
      attributes: { axis: { int: 0 }, keepdims: { int: 0 }, select_last_index: { int: 1 } },
    }),
  ]),
  told('Shape', [7, 13, 15, 21]),
  told('Size', [7, 13, 21]),
  told('NonZero', [9, 13], { declared: ['ranks', 'nothing'] }),
  told('EyeLike', [9, 22]),
  told('Hardmax', [7, 11, 13], { attributes: { axis: { int: 1 } } }),
  ...[
    { operator: 'Ceil', opsets: [7, 13] },
    { operator: 'Floor', opsets: [7, 13] },
    { operator: 'Round', opsets: [11, 22] },
    { operator: 'Sign', opsets: [9, 13] },
  ].map(({ operator, opsets }) => ({ operator, name: 'nothing flows', inputs: { x }, opsets })),
  ...[
    { operator: 'ConstantOfShape', opsets: [9, 17, 21, 25] },
    { operator: 'Range', opsets: [11, 17] },
  ].map(({ operator, opsets }) =>
    told(operator, opsets, {
      name: 'of a shape',
      ofShape: operator === 'Range' ? 'sides' : 'whole',
      declared: ['shapes'],
    }),
  ),
];
