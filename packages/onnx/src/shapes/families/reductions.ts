import { intAttribute, intsAttribute } from '../../model/attributes.ts';
import type { Shape } from '../../model/model.ts';
import {
  axisFrom,
  inputName,
  inputShape,
  isGiven,
  type ShapeRule,
  type ShapeRules,
} from '../known-values.ts';

const reduced: ShapeRule = (node, values, x, output) => {
  if (x === undefined || output !== 0) return undefined;
  const keep = intAttribute(node, 'keepdims', 1) !== 0;
  const listed = intsAttribute(node, 'axes') ?? values.elements(inputName(node, 1));
  if (listed === undefined && isGiven(node, 1)) {
    const count = inputShape(node, values, 1)?.[0];
    if (keep) return x.map(() => undefined);
    return typeof count === 'number' && count > 0 && count <= x.length
      ? new Array<undefined>(x.length - count).fill(undefined)
      : undefined;
  }
  const axes = (listed ?? []).map((axis) => axisFrom(axis, x.length));
  if (axes.includes(undefined)) return undefined;
  const noop = axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) !== 0;
  return without(x, (axis) => !noop && (axes.length === 0 || axes.includes(axis)), keep);
};

const extremePlace: ShapeRule = (node, _, x, output) => {
  const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.length);
  if (x === undefined || axis === undefined || output !== 0) return undefined;
  return without(x, (i) => i === axis, intAttribute(node, 'keepdims', 1) !== 0);
};

function without(x: Shape, isReduced: (axis: number) => boolean, keep: boolean): Shape {
  return x.flatMap((dim, axis) => (isReduced(axis) ? (keep ? [1] : []) : [dim]));
}

/** Mean, and the inverse of the deviation, of each row. */
const layerNormalization: ShapeRule = (node, _, x, output) => {
  const axis = x && axisFrom(intAttribute(node, 'axis', -1), x.length);
  if (output === 0 || x === undefined || axis === undefined) return output === 0 ? x : undefined;
  return x.map((dim, i) => (i < axis ? dim : 1));
};

/** Operators that make one number of many, along axes. */
export const REDUCTIONS: ShapeRules = {
  ...Object.fromEntries(
    'Sum Mean Max Min Prod L1 L2 SumSquare LogSum LogSumExp'
      .split(' ')
      .map((name) => [`Reduce${name}`, reduced]),
  ),
  ArgMax: extremePlace,
  ArgMin: extremePlace,
  LayerNormalization: layerNormalization,
  RMSNormalization: layerNormalization,
};
