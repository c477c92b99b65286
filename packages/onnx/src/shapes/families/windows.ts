import { intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.ts';
import type { Shape } from '../../model/model.ts';
import { addDimensions, multiplyDimensions } from '../dimension-arithmetic.ts';
import { inputShape, type KnownValues, type ShapeRule, type ShapeRules } from '../known-values.ts';
import { windowOf, windowOutputShape } from '../window-shape.ts';

const window: ShapeRule = (node, values, _, output) =>
  output === 0 || (node.opType === 'MaxPool' && output === 1) ? windowOutputShape(node, values) : undefined;

const globalPool: ShapeRule = (_, __, x, output) =>
  output === 0 ? x?.map((dim, axis) => (axis < 2 ? dim : 1)) : undefined;

const transposed: ShapeRule = (node, values, x) => {
  const weight = inputShape(node, values, 1);
  if (x === undefined || x.length < 2) return undefined;
  const channels = multiplyDimensions(weight?.[1], intAttribute(node, 'group', 1));
  return [x[0], channels, ...transposedSpatial(node, values, x)];
};

function transposedSpatial(node: Parameters<ShapeRule>[0], values: KnownValues, x: Shape): Shape {
  const given = intsAttribute(node, 'output_shape') ?? [];
  const spatial = x.slice(2);
  if (given.length > 0) return spatial.map((_, axis) => given[given.length - spatial.length + axis]);
  const shape = windowOf(node, values);
  const added = intsAttribute(node, 'output_padding') ?? [];
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  return spatial.map((size, axis) => {
    const [kernel, stride, dilation] = [shape?.kernel[axis], shape?.strides[axis], shape?.dilations[axis]];
    if (kernel === undefined || stride === undefined || dilation === undefined) return undefined;
    if (mode.startsWith('SAME')) return multiplyDimensions(size, stride);
    const pads = (shape?.padsBegin[axis] ?? 0) + (shape?.padsEnd[axis] ?? 0);
    const extra = (added[axis] ?? 0) + (kernel - 1) * dilation + 1 - pads - stride;
    return addDimensions(multiplyDimensions(size, stride), extra);
  });
}

const unpooled: ShapeRule = (node, values, x) => {
  const given = values.elements(node.input[2] ?? '');
  if (given !== undefined) return given;
  return x && [...x.slice(0, 2), ...transposedSpatial(node, values, x)];
};

const roi: ShapeRule = (node, values, x) => {
  const size = (name: string): number => intAttribute(node, name, 1);
  const pooled = intsAttribute(node, 'pooled_shape') ?? [size('output_height'), size('output_width')];
  return [inputShape(node, values, 1)?.[0], x?.[1], ...pooled];
};

/** Convolutions and pools. */
export const WINDOWS: ShapeRules = {
  Conv: window,
  ConvInteger: window,
  QLinearConv: window,
  MaxPool: window,
  AveragePool: window,
  LpPool: window,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  ConvTranspose: transposed,
  MaxUnpool: unpooled,
  RoiAlign: roi,
  MaxRoiPool: roi,
};
