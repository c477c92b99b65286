import { intAttribute, intsAttribute } from '../../model/attributes.ts';
import type { Dimension } from '../../model/model.ts';
import {
  addDimensions,
  ceilDivide,
  distance,
  multiplyDimensions,
  subtractDimensions,
} from '../dimension-arithmetic.ts';
import {
  axesFrom,
  axisFrom,
  inputName,
  inputShape,
  isGiven,
  type ShapeRule,
  type ShapeRules,
  vector,
} from '../known-values.ts';

const slice: ShapeRule = (node, values, x) => {
  if (x === undefined) return undefined;
  const starts = intsAttribute(node, 'starts') ?? vector(values, inputName(node, 1));
  const ends = intsAttribute(node, 'ends') ?? vector(values, inputName(node, 2));
  const listed =
    intsAttribute(node, 'axes') ??
    (isGiven(node, 3) ? values.elements(inputName(node, 3)) : starts?.map((_, i) => i));
  const steps = isGiven(node, 4) ? values.elements(inputName(node, 4)) : undefined;
  const axes = listed && axesFrom(listed, x.length);
  if (axes === undefined || (isGiven(node, 4) && steps === undefined)) return x.map(() => undefined);
  return x.map((dim, axis) => {
    const i = axes.indexOf(axis);
    return i < 0 ? dim : sliceLength(dim, starts?.[i], ends?.[i], steps === undefined ? 1 : steps[i]);
  });
};

/** How many elements a slice takes of an axis. */
function sliceLength(size: Dimension, start: Dimension, end: Dimension, step: Dimension): Dimension {
  if (typeof step !== 'number' || step === 0 || !Number.isInteger(step)) return undefined;
  if (typeof size === 'number' && typeof start === 'number' && typeof end === 'number') {
    return numberOfSlice(size, start, end, step);
  }
  if (step < 0) {
    const isWhole = start === -1 && typeof end === 'number' && end < -(2 ** 30);
    return isWhole ? ceilDivide(size, -step) : undefined;
  }
  const [from, to] = [symbolicPosition(start, size), symbolicPosition(end, size)];
  const length = subtractDimensions(to, from);
  if (typeof length === 'number') {
    // The last three of a symbolic axis may be fewer.
    const isFar = typeof size === 'string' && typeof start === 'number' && start < -1;
    return isFar ? undefined : Math.max(Math.ceil(length / step), 0);
  }
  return ceilDivide(length, step);
}

/** A position within an axis of symbolic size, as far as the sizes are those that a graph means. */
function symbolicPosition(position: Dimension, size: Dimension): Dimension {
  if (position === undefined) return undefined;
  if (position === 0) return 0;
  if (typeof position === 'number') {
    if (position > 2 ** 30) return size;
    if (position < -(2 ** 30)) return 0;
    // An axis of symbolic size has at least one element.
    if (position === 1 && typeof size !== 'number') return 1;
    if (position < 0)
      return typeof size === 'number' ? Math.max(size + position, 0) : addDimensions(size, position);
    return typeof size === 'number' ? Math.min(position, size) : undefined;
  }
  if (position === size) return size;
  const beyond = distance(position, size);
  if (beyond !== undefined) return beyond > 0 ? size : position;
  return undefined;
}

function numberOfSlice(size: number, start: number, end: number, step: number): number {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const inside = (position: number): number => {
    const fromStart = position < 0 ? position + size : position;
    return Math.min(Math.max(fromStart, low), high);
  };
  const first = step > 0 ? inside(start) : Math.max(inside(start), 0);
  return Math.max(Math.ceil((inside(end) - first) / step), 0);
}

const split: ShapeRule = (node, values, x, output) => {
  const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.length);
  if (x === undefined || axis === undefined) return undefined;
  return x.map((dim, i) => (i === axis ? part(node, values, dim, output) : dim));
};

function part(
  node: Parameters<ShapeRule>[0],
  values: Parameters<ShapeRule>[1],
  size: Dimension,
  output: number,
): Dimension {
  const sizes = intsAttribute(node, 'split') ?? values.elements(inputName(node, 1));
  if (sizes !== undefined) return sizes[output];
  if (isGiven(node, 1)) return undefined;
  const count = intAttribute(node, 'num_outputs', node.output.length);
  const each = ceilDivide(size, count);
  if (output < count - 1) return each;
  return typeof size === 'number' && typeof each === 'number' ? size - each * (count - 1) : each;
}

const pad: ShapeRule = (node, values, x) => {
  if (x === undefined) return undefined;
  const pads = intsAttribute(node, 'pads') ?? values.elements(inputName(node, 1));
  const listed = isGiven(node, 3) ? values.elements(inputName(node, 3)) : x.map((_, axis) => axis);
  const axes = listed && axesFrom(listed, x.length);
  if (pads === undefined || axes === undefined) return x.map(() => undefined);
  return x.map((dim, axis) => {
    const i = axes.indexOf(axis);
    return i < 0 ? dim : addDimensions(dim, addDimensions(pads[i], pads[i + axes.length]));
  });
};

const concat: ShapeRule = (node, values, x) => {
  const inputs = node.input.map((name) => values.shape(name));
  const known = x ?? inputs.find((shape) => shape !== undefined);
  const axis = known && axisFrom(intAttribute(node, 'axis', 0), known.length);
  if (axis === undefined) return undefined;
  return known?.map((dim, i) => {
    const sizes = inputs.map((shape) => shape?.[i]);
    if (i === axis) return sizes.reduce(addDimensions, 0);
    return sizes.find((size) => typeof size === 'number') ?? dim ?? sizes.find((size) => size !== undefined);
  });
};

const tile: ShapeRule = (node, values, x) => {
  const repeats = inputShape(node, values, 1) && values.elements(inputName(node, 1));
  return x?.map((dim, axis) => (repeats?.[axis] === 1 ? dim : multiplyDimensions(dim, repeats?.[axis])));
};

/** Operators that cut, join, repeat and surround. */
export const SLICES: ShapeRules = { Slice: slice, Split: split, Pad: pad, Concat: concat, Tile: tile };
