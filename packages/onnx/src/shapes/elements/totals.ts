import { intAttribute, intsAttribute } from '../../model/attributes.ts';
import { rowMajorStrides } from '../../model/dims.ts';
import type { Dimension } from '../../model/model.ts';
import { addDimensions, multiplyDimensions } from '../dimension-arithmetic.ts';
import { axisFrom, inputName, isGiven } from '../known-values.ts';
import { at, type ElementsRule, fromPositions, moved } from './elements.ts';

const total =
  (combine: (a: Dimension, b: Dimension) => Dimension, empty: number | undefined): ElementsRule =>
  ({ node, input, values, count }) => {
    const x = input(0);
    const listed = intsAttribute(node, 'axes') ?? values.elements(inputName(node, 1)) ?? [];
    if (x === undefined || (isGiven(node, 1) && values.elements(inputName(node, 1)) === undefined))
      return undefined;
    if (listed.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) !== 0) return x.elements;
    const axes = listed.map((axis) => axisFrom(axis, x.dims.length));
    if (axes.includes(undefined)) return undefined;
    const isReduced = (axis: number): boolean => axes.length === 0 || axes.includes(axis);
    const strides = rowMajorStrides(x.dims.map((size, axis) => (isReduced(axis) ? 1 : size)));
    const sums: { element: Dimension; isSet: boolean }[] = Array.from({ length: count }, () => ({
      element: empty,
      isSet: false,
    }));
    let index = 0;
    fromPositions(x.dims, (position) => {
      const own =
        sums[position.reduce((sum, place, axis) => sum + (isReduced(axis) ? 0 : place * strides[axis]!), 0)]!;
      const element = x.elements[index++];
      own.element = own.isSet ? combine(own.element, element) : element;
      own.isSet = true;
      return 0;
    });
    return sums.map(({ element }) => element);
  };

const ofNumbers =
  (combine: (a: number, b: number) => number) =>
  (a: Dimension, b: Dimension): Dimension =>
    a === b ? a : typeof a === 'number' && typeof b === 'number' ? combine(a, b) : undefined;

const cumulativeSum: ElementsRule = ({ node, input }) => {
  const x = input(0);
  const axis = x && axisFrom(input(1)?.elements[0], x.dims.length);
  if (x === undefined || axis === undefined) return undefined;
  const [isExclusive, isReversed] = ['exclusive', 'reverse'].map((name) => intAttribute(node, name, 0) !== 0);
  const size = x.dims[axis]!;
  return fromPositions(x.dims, (position) => {
    const own = position[axis]!;
    const [from, to] = isReversed ? [isExclusive ? own + 1 : own, size] : [0, isExclusive ? own : own + 1];
    let sum: Dimension = 0;
    for (let place = from; place < to; place++) sum = addDimensions(sum, at(x, moved(position, axis, place)));
    return sum;
  });
};

const placeOfExtreme =
  (isBetter: (a: number, b: number) => boolean): ElementsRule =>
  ({ node, input, dims }) => {
    const x = input(0);
    const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.dims.length);
    if (x === undefined || axis === undefined) return undefined;
    const keeps = intAttribute(node, 'keepdims', 1) !== 0;
    const isLast = intAttribute(node, 'select_last_index', 0) !== 0;
    return fromPositions(dims, (position) => {
      const full = keeps ? position : [...position.slice(0, axis), 0, ...position.slice(axis)];
      let best: number | undefined;
      let index = 0;
      for (let place = 0; place < x.dims[axis]!; place++) {
        const element = at(x, moved(full, axis, place));
        if (typeof element !== 'number') return undefined;
        if (best === undefined || isBetter(element, best) || (isLast && element === best))
          [best, index] = [element, place];
      }
      return index;
    });
  };

/** Operators that make one element of many. */
export const TOTALS: Readonly<Record<string, ElementsRule>> = {
  ReduceSum: total(addDimensions, 0),
  ReduceProd: total(multiplyDimensions, 1),
  ReduceMax: total(ofNumbers(Math.max), undefined),
  ReduceMin: total(ofNumbers(Math.min), undefined),
  CumSum: cumulativeSum,
  ArgMax: placeOfExtreme((a, b) => a > b),
  ArgMin: placeOfExtreme((a, b) => a < b),
};
