import { attributeOf, intAttribute } from '../../model/attributes.ts';
import type { Dimension } from '../../model/model.ts';
import { addDimensions, ceilDivide, productOf, subtractDimensions } from '../dimension-arithmetic.ts';
import {
  axisFrom,
  inputName,
  inputShape,
  RANK_LIMIT,
  type ShapeRule,
  type ShapeRules,
  vector,
} from '../known-values.ts';

const gather: ShapeRule = (node, values, x) => {
  const indices = inputShape(node, values, 1);
  const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.length);
  if (x === undefined || indices === undefined || axis === undefined) return undefined;
  return [...x.slice(0, axis), ...indices, ...x.slice(axis + 1)];
};

const gatherElements: ShapeRule = (node, values) => inputShape(node, values, 1);

const gatherND: ShapeRule = (node, values, x) => {
  const indices = inputShape(node, values, 1);
  const depth = indices?.at(-1);
  if (x === undefined || indices === undefined || typeof depth !== 'number') return undefined;
  const taken = intAttribute(node, 'batch_dims', 0) + depth;
  if (!(taken >= 0 && taken <= x.length)) return undefined;
  return [...indices.slice(0, -1), ...x.slice(taken)];
};

const oneHot: ShapeRule = (node, values, x) => {
  const depth = values.elements(inputName(node, 1))?.[0];
  if (x === undefined) return undefined;
  const axis = axisFrom(intAttribute(node, 'axis', -1), x.length + 1);
  return axis === undefined ? undefined : [...x.slice(0, axis), depth, ...x.slice(axis)];
};

const topK: ShapeRule = (node, values, x, output) => {
  const axis = x && axisFrom(intAttribute(node, 'axis', -1), x.length);
  if (x === undefined || axis === undefined || output > 1) return undefined;
  const count =
    attributeOf(node, 'k') === undefined
      ? values.elements(inputName(node, 1))?.[0]
      : intAttribute(node, 'k', 0);
  return x.map((dim, i) => (i === axis ? count : dim));
};

const nonZero: ShapeRule = (node, values, x) => {
  const known = values.integers(inputName(node, 0));
  return [x === undefined ? undefined : x.length, known?.filter((number) => number !== 0).length];
};

const unique: ShapeRule = (node, _, x, output) => {
  if (output > 0 || attributeOf(node, 'axis') === undefined) return [undefined];
  const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.length);
  return axis === undefined ? undefined : x?.map((dim, i) => (i === axis ? undefined : dim));
};

const shape: ShapeRule = (node, _, x) => {
  if (x === undefined) return [undefined];
  const [start, end] = shapeRange(node, x.length);
  return [Math.max(end - start, 0)];
};

/** The axes that a Shape node tells. */
export function shapeRange(node: Parameters<ShapeRule>[0], rank: number): readonly [number, number] {
  const inside = (axis: number): number => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  return [inside(intAttribute(node, 'start', 0)), inside(intAttribute(node, 'end', rank))];
}

const range: ShapeRule = (node, values) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => values.elements(inputName(node, i))?.[0]);
  return [rangeLength(start, limit, delta)];
};

/** How many numbers a Range holds. */
function rangeLength(start: Dimension, limit: Dimension, delta: Dimension): Dimension {
  if (typeof delta !== 'number' || delta === 0) return undefined;
  const span = subtractDimensions(limit, start);
  if (typeof span === 'number') return Math.max(Math.ceil(span / delta), 0);
  return delta > 0 ? ceilDivide(span, delta) : undefined;
}

const constantOfShape: ShapeRule = (node, values) => vector(values, inputName(node, 0));

const constant: ShapeRule = (node) => {
  const tensor = attributeOf(node, 'value')?.t;
  if (tensor !== undefined) return tensor.dims.length <= RANK_LIMIT ? tensor.dims.map(Number) : undefined;
  for (const attribute of node.attribute) {
    if (['value_int', 'value_float', 'value_string'].includes(attribute.name)) return [];
    if (attribute.name === 'value_ints') return [attribute.ints.length];
    if (attribute.name === 'value_floats') return [attribute.floats.length];
    if (attribute.name === 'value_strings') return [attribute.strings.length];
  }
  return undefined;
};

const random: ShapeRule = (node) => attributeOf(node, 'shape')?.ints.map(Number);

const multinomial: ShapeRule = (node, _, x) => [x?.[0], intAttribute(node, 'sample_size', 1)];

const det: ShapeRule = (_, __, x) => (x && x.length >= 2 ? x.slice(0, -2) : undefined);

const loss: ShapeRule = (node, values, x, output) => {
  if (output === 1) return x;
  const reduction = attributeOf(node, 'reduction');
  const isNone = reduction !== undefined && new TextDecoder().decode(reduction.s) === 'none';
  return isNone ? inputShape(node, values, 1) : [];
};

const suppression: ShapeRule = () => [undefined, 3];
const scalar: ShapeRule = () => [];

/** Number of elements of a value, where it follows. */
export function sizeOfShape(x: readonly Dimension[] | undefined): Dimension {
  return x && productOf(x);
}

const frames: ShapeRule = (node, values, x) => {
  const step = values.elements(inputName(node, 1))?.[0];
  const length = inputShape(node, values, 2)?.[0] ?? values.elements(inputName(node, 3))?.[0];
  if (x === undefined || typeof step !== 'number' || typeof length !== 'number' || !(step > 0))
    return undefined;
  const steps = typeof x[1] === 'number' ? Math.floor((x[1] - length) / step) + 1 : undefined;
  const bins = intAttribute(node, 'onesided', 1) === 0 ? length : Math.floor(length / 2) + 1;
  return [x[0], addDimensions(steps, 0), bins, 2];
};

/** Operators that look elements up, or make them of numbers. */
export const INDEXING: ShapeRules = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  OneHot: oneHot,
  TopK: topK,
  NonZero: nonZero,
  Unique: unique,
  Shape: shape,
  Size: scalar,
  Range: range,
  ConstantOfShape: constantOfShape,
  Constant: constant,
  RandomNormal: random,
  RandomUniform: random,
  Multinomial: multinomial,
  Det: det,
  NonMaxSuppression: suppression,
  SoftmaxCrossEntropyLoss: loss,
  NegativeLogLikelihoodLoss: loss,
  STFT: frames,
};
