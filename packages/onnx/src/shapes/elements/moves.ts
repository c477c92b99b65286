import { intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.ts';
import { rowMajorStrides } from '../../model/dims.ts';
import type { Dimension } from '../../model/model.ts';
import { axesFrom, axisFrom, inputName, isGiven } from '../known-values.ts';
import { at, type ElementsRule, fromPositions, moved, type Operand, repeated } from './elements.ts';

const asTheyAre: ElementsRule = ({ input }) => input(0)?.elements;

/** An index counted from the start. */
function place(index: Dimension, size: number): number {
  return typeof index === 'number' && Number.isInteger(index) ? (index < 0 ? index + size : index) : -1;
}

const gather: ElementsRule = ({ node, input, dims }) => {
  const [x, indices] = [input(0), input(1)];
  const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.dims.length);
  if (x === undefined || indices === undefined || axis === undefined) return undefined;
  const depth = indices.dims.length;
  return fromPositions(dims, (position) => {
    const index = at(indices, position.slice(axis, axis + depth));
    const own = place(index, x.dims[axis]!);
    return at(x, [...position.slice(0, axis), own, ...position.slice(axis + depth)]);
  });
};

const gatherElements: ElementsRule = ({ node, input, dims }) => {
  const [x, indices] = [input(0), input(1)];
  const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.dims.length);
  if (x === undefined || indices === undefined || axis === undefined) return undefined;
  return fromPositions(dims, (position) =>
    at(x, moved(position, axis, place(at(indices, position), x.dims[axis]!))),
  );
};

const gatherND: ElementsRule = ({ node, input, dims }) => {
  const [x, indices] = [input(0), input(1)];
  const depth = indices?.dims.at(-1);
  const batch = intAttribute(node, 'batch_dims', 0);
  if (x === undefined || indices === undefined || depth === undefined) return undefined;
  const rank = indices.dims.length - 1;
  return fromPositions(dims, (position) => {
    const row = position.slice(0, rank);
    const index = Array.from({ length: depth }, (_, i) =>
      place(at(indices, [...row, i]), x.dims[batch + i]!),
    );
    return at(x, [...position.slice(0, batch), ...index, ...position.slice(rank)]);
  });
};

const slice: ElementsRule = ({ node, input, dims, values }) => {
  const x = input(0);
  if (x === undefined) return undefined;
  const starts = intsAttribute(node, 'starts') ?? values.elements(inputName(node, 1));
  const listed =
    intsAttribute(node, 'axes') ??
    (isGiven(node, 3) ? values.elements(inputName(node, 3)) : starts?.map((_, i) => i));
  const steps = isGiven(node, 4) ? values.elements(inputName(node, 4)) : starts?.map(() => 1);
  const axes = listed && axesFrom(listed, x.dims.length);
  if (starts === undefined || axes === undefined || steps === undefined) return undefined;
  const from = x.dims.map((size, axis) => {
    const i = axes.indexOf(axis);
    if (i < 0) return [0, 1] as const;
    const [start, step] = [starts[i], steps[i]];
    if (typeof start !== 'number' || typeof step !== 'number') return undefined;
    const inside = Math.min(Math.max(start < 0 ? start + size : start, 0), step < 0 ? size - 1 : size);
    return [inside, step] as const;
  });
  // What a file declares of the result may be another rank.
  if (from.includes(undefined) || dims.length !== from.length) return undefined;
  return fromPositions(dims, (position) =>
    at(
      x,
      position.map((own, axis) => from[axis]![0] + own * from[axis]![1]),
    ),
  );
};

const split: ElementsRule = ({ node, input, dims, values, output }) => {
  const x = input(0);
  const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.dims.length);
  if (x === undefined || axis === undefined) return undefined;
  let start = 0;
  for (const name of node.output.slice(0, output)) {
    const before = values.shape(name)?.[axis];
    if (typeof before !== 'number') return undefined;
    start += before;
  }
  return fromPositions(dims, (position) => at(x, moved(position, axis, position[axis]! + start)));
};

const concat: ElementsRule = ({ node, input, dims, values }) => {
  const axis = axisFrom(intAttribute(node, 'axis', 0), dims.length);
  if (axis === undefined) return undefined;
  const parts: { readonly operand: Operand | undefined; readonly size: number }[] = [];
  for (const [i, name] of node.input.entries()) {
    const size = values.shape(name)?.[axis];
    if (typeof size !== 'number') return undefined;
    parts.push({ operand: input(i), size });
  }
  return fromPositions(dims, (position) => {
    let own = position[axis]!;
    for (const { operand, size } of parts) {
      if (own < size) return operand && at(operand, moved(position, axis, own));
      own -= size;
    }
    return undefined;
  });
};

const transpose: ElementsRule = ({ node, input, dims }) => {
  const x = input(0);
  const perm =
    x && axesFrom(intsAttribute(node, 'perm') ?? x.dims.map((_, axis) => axis).reverse(), x.dims.length);
  if (x === undefined || perm === undefined || perm.length !== x.dims.length) return undefined;
  return fromPositions(dims, (position) =>
    at(
      x,
      x.dims.map((_, axis) => position[perm.indexOf(axis)]!),
    ),
  );
};

const expand: ElementsRule = ({ input, dims }) => {
  const x = input(0);
  return x && repeated(x, dims);
};

const tile: ElementsRule = ({ input, dims }) => {
  const x = input(0);
  return (
    x &&
    fromPositions(dims, (position) =>
      at(
        x,
        x.dims.map((size, axis) => position[axis]! % size),
      ),
    )
  );
};

const pad: ElementsRule = ({ node, input, dims, values }) => {
  const [x, pads] = [input(0), intsAttribute(node, 'pads') ?? values.elements(inputName(node, 1))];
  if (x === undefined || pads === undefined || isGiven(node, 3)) return undefined;
  if (stringAttribute(node, 'mode', 'constant') !== 'constant') return undefined;
  const begin = pads.slice(0, x.dims.length);
  if (!begin.every((count) => typeof count === 'number')) return undefined;
  const filled = isGiven(node, 2) ? input(2)?.elements[0] : 0;
  return fromPositions(dims, (position) => {
    const own = position.map((other, axis) => other - begin[axis]!);
    return own.every((other, axis) => other >= 0 && other < x.dims[axis]!) ? at(x, own) : filled;
  });
};

const scatterND: ElementsRule = ({ node, input }) => {
  const [x, indices, updates] = [input(0), input(1), input(2)];
  const depth = indices?.dims.at(-1);
  if (x === undefined || indices === undefined || updates === undefined || !depth) return undefined;
  if (stringAttribute(node, 'reduction', 'none') !== 'none' || depth > x.dims.length) return undefined;
  const result = [...x.elements];
  const strides = rowMajorStrides(x.dims);
  const block = strides[depth - 1]!;
  for (let row = 0; row * depth < indices.elements.length; row++) {
    const index = indices.elements.slice(row * depth, (row + 1) * depth);
    const own = index.map((other, axis) => place(other, x.dims[axis]!));
    if (!own.every((other, axis) => other >= 0 && other < x.dims[axis]!)) return undefined;
    const start = own.reduce((sum, other, axis) => sum + other * strides[axis]!, 0);
    for (let i = 0; i < block; i++) result[start + i] = updates.elements[row * block + i];
  }
  return result;
};

const scatterElements: ElementsRule = ({ node, input }) => {
  const [x, indices, updates] = [input(0), input(1), input(2)];
  const axis = x && axisFrom(intAttribute(node, 'axis', 0), x.dims.length);
  if (x === undefined || indices === undefined || updates === undefined || axis === undefined)
    return undefined;
  if (stringAttribute(node, 'reduction', 'none') !== 'none' || indices.dims.length !== x.dims.length)
    return undefined;
  const result = [...x.elements];
  const strides = rowMajorStrides(x.dims);
  let isWhole = true;
  fromPositions(indices.dims, (position) => {
    const own = moved(position, axis, place(at(indices, position), x.dims[axis]!));
    isWhole &&= own.every((other, i) => other >= 0 && other < x.dims[i]!);
    result[own.reduce((sum, other, i) => sum + other * strides[i]!, 0)] = at(updates, position);
    return 0;
  });
  return isWhole ? result : undefined;
};

const trilu: ElementsRule = ({ node, input, dims }) => {
  const x = input(0);
  const k = isGiven(node, 1) ? input(1)?.elements[0] : 0;
  if (x === undefined || typeof k !== 'number' || dims.length < 2) return undefined;
  const isUpper = intAttribute(node, 'upper', 1) !== 0;
  return fromPositions(dims, (position) => {
    const above = position.at(-1)! - position.at(-2)!;
    return (isUpper ? above >= k : above <= k) ? at(x, position) : 0;
  });
};

const oneHot: ElementsRule = ({ node, input, dims }) => {
  const [indices, pair] = [input(0), input(2)];
  const axis = axisFrom(intAttribute(node, 'axis', -1), dims.length);
  if (indices === undefined || pair?.elements.length !== 2 || axis === undefined) return undefined;
  return fromPositions(dims, (position) => {
    const index = at(
      indices,
      position.filter((_, i) => i !== axis),
    );
    if (typeof index !== 'number') return undefined;
    return pair.elements[place(index, dims[axis]!) === position[axis] ? 1 : 0];
  });
};

/** Operators that put elements in other places. */
export const MOVES: Readonly<Record<string, ElementsRule>> = {
  Identity: asTheyAre,
  Reshape: asTheyAre,
  Flatten: asTheyAre,
  Squeeze: asTheyAre,
  Unsqueeze: asTheyAre,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Slice: slice,
  Split: split,
  Concat: concat,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  ScatterND: scatterND,
  ScatterElements: scatterElements,
  Trilu: trilu,
  OneHot: oneHot,
};
