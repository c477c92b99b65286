import type { Attributes } from '../../../model/attributes.ts';
import type { TensorData } from '../../../model/tensor.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { randomTensor } from '../../../testing/random-tensor.ts';

const SIZES = [4, 5];

/** A grid of places between elements, some of them outside, none near an element or an edge. */
function grid(isAligned: boolean, sizes: readonly number[], out: readonly number[]): TensorData {
  const count = out.reduce((a, b) => a * b, 2);
  const places = randomTensor('float32', [count, sizes.length], 3).data as Float32Array;
  const data = places.map((u, i) => {
    const size = sizes[sizes.length - 1 - (i % sizes.length)]!;
    const whole = Math.floor((Math.abs(u) * 7919) % (size + 2)) - 2;
    const place = whole + 0.2 + 0.2 * ((i * 7) % 3);
    return isAligned ? (2 * place) / (size - 1) - 1 : (2 * place + 1) / size - 1;
  });
  return { type: 'float32', dims: [2, ...out, sizes.length], data };
}

function sampled(padding: string, isAligned: boolean, mode: string, opset: number): GradientCase {
  const attributes: Attributes = {
    mode: { string: mode },
    padding_mode: { string: padding },
    align_corners: { int: isAligned ? 1 : 0 },
  };
  return {
    operator: 'GridSample',
    name: `${mode}, ${padding}, ${isAligned ? 'corners aligned' : 'half pixels'}`,
    inputs: { x: randomTensor('float32', [2, 3, ...SIZES], 1), grid: grid(isAligned, SIZES, [3, 2]) },
    attributes,
    opsets: [opset],
    step: 1 / 128,
    declared: ['shapes', 'ranks'],
  };
}

const PADDINGS = ['zeros', 'border', 'reflection'];

export const cases: readonly GradientCase[] = [
  ...PADDINGS.flatMap((padding) =>
    [false, true].flatMap((isAligned) => [
      sampled(padding, isAligned, 'bilinear', 16),
      sampled(padding, isAligned, 'linear', 20),
      sampled(padding, isAligned, 'nearest', 16),
    ]),
  ),
  {
    operator: 'GridSample',
    name: 'linear, three axes',
    inputs: { x: randomTensor('float32', [2, 2, 3, 4, 3], 1), grid: grid(false, [3, 4, 3], [2, 1, 2]) },
    opsets: [20, 22],
    step: 1 / 128,
    declared: ['shapes', 'ranks'],
  },
];
