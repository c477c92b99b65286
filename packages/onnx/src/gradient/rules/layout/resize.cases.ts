import type { Attributes } from '../../../model/attributes.ts';
import type { TensorData } from '../../../model/tensor.ts';
import type { GradientCase } from '../../../testing/gradient-case.ts';
import { indices, randomTensor } from '../../../testing/random-tensor.ts';

const floats = (...numbers: readonly number[]): TensorData => ({
  type: 'float32',
  dims: [numbers.length],
  data: Float32Array.from(numbers),
});
const text = (string: string): { string: string } => ({ string });
const x = randomTensor('float32', [2, 1, 3, 4], 1);
const declared = ['shapes', 'ranks'] as const;
const up = floats(1, 1, 2.3, 1.5);
const down = floats(1, 1, 0.7, 0.5);

function resized(
  name: string,
  scales: TensorData,
  attributes: Attributes,
  opsets: readonly number[],
): GradientCase {
  return {
    operator: 'Resize',
    name,
    inputs: { x },
    constants: { scales },
    order: ['x', '', 'scales'],
    attributes,
    opsets,
    declared,
  };
}

const COORDINATES = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];
const ROUNDINGS = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];

export const cases: readonly GradientCase[] = [
  ...COORDINATES.flatMap((coordinates) =>
    ['nearest', 'linear', 'cubic'].map((mode) =>
      resized(
        `${mode}, ${coordinates}`,
        up,
        { mode: text(mode), coordinate_transformation_mode: text(coordinates) },
        [13, 17, 25],
      ),
    ),
  ),
  ...ROUNDINGS.map((rounding) =>
    resized(`nearest, ${rounding}`, down, { nearest_mode: text(rounding) }, [13, 17, 25]),
  ),
  resized(
    'linear, half_pixel_symmetric',
    down,
    { mode: text('linear'), coordinate_transformation_mode: text('half_pixel_symmetric') },
    [19, 25],
  ),
  resized('linear, antialias', down, { mode: text('linear'), antialias: { int: 1 } }, [18, 25]),
  resized('cubic, antialias', down, { mode: text('cubic'), antialias: { int: 1 } }, [18, 25]),
  resized(
    'cubic, its own coefficient, nothing from outside',
    up,
    { mode: text('cubic'), cubic_coeff_a: { float: -0.5 }, exclude_outside: { int: 1 } },
    [13, 17, 25],
  ),
  {
    operator: 'Resize',
    name: 'linear, a part of the picture',
    inputs: { x },
    constants: { roi: floats(0, 0, 0.2, -0.3, 1, 1, 0.9, 1.2), sizes: indices(2, 1, 4, 5) },
    order: ['x', 'roi', '', 'sizes'],
    attributes: {
      mode: text('linear'),
      coordinate_transformation_mode: text('tf_crop_and_resize'),
      extrapolation_value: { float: 2 },
    },
    opsets: [13, 17, 25],
    declared,
  },
  {
    operator: 'Resize',
    name: 'linear, sizes',
    inputs: { x },
    constants: { sizes: indices(2, 1, 5, 3) },
    order: ['x', '', '', 'sizes'],
    attributes: { mode: text('linear') },
    opsets: [13, 17, 25],
    declared,
  },
  {
    operator: 'Resize',
    name: 'nearest, axes',
    inputs: { x },
    constants: { scales: floats(2, 3) },
    order: ['x', '', 'scales'],
    attributes: { axes: { ints: [-1, 2] } },
    opsets: [18, 25],
    since: '1.27.0',
    declared,
  },
  {
    operator: 'Resize',
    name: 'nearest, one axis of three',
    inputs: { x: randomTensor('float32', [2, 3, 4], 2) },
    constants: { scales: floats(1, 1, 2) },
    order: ['x', '', 'scales'],
    declared,
  },
  {
    operator: 'Resize',
    name: 'linear, three axes',
    inputs: { x: randomTensor('float32', [1, 2, 2, 3, 2], 3) },
    constants: { scales: floats(1, 1, 2, 1.5, 2) },
    order: ['x', '', 'scales'],
    attributes: { mode: text('linear') },
    declared,
  },
];
