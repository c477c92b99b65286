import { intAttribute, intsAttribute } from '../../../model/attributes.ts';
import { rowMajorStrides, sizeOf } from '../../../model/dims.ts';
import type { Layer, LayerRule } from '../layer.ts';
import type { AxisPart } from '../program-writer.ts';
import type { Value } from '../storage.ts';

/** Tensors one behind the other along an axis. */
export const concat: LayerRule = {
  write: (layer) => {
    const { program, node, api, outputDims } = layer;
    const axis = positive(intAttribute(node, 'axis', 0), outputDims.length);
    const whole = program.value(api.plain(outputDims), outputDims);
    const parts = partsOf(node.input.map((_, index) => layer.dims(index)[axis]!));
    parts.forEach((part, index) => {
      program.copy(layer.input(index), program.part(whole, axis, part));
    });
    layer.output(whole);
    layer.onBackward((gradient) => {
      const dy = ownRowMajor(layer, gradient);
      parts.forEach((part, index) => {
        if (layer.flowsTo(index)) layer.gradient(index, taken(layer, dy, [axis, part]));
      });
    });
  },
};

/** A tensor cut along an axis. */
export const split: LayerRule = {
  write: (layer) => {
    const { program, node } = layer;
    const dims = layer.dims(0);
    const axis = positive(intAttribute(node, 'axis', 0), dims.length);
    const parts = partsOf(node.output.map((_, index) => layer.dimsOfOutput(index)[axis]!));
    const x = ownRowMajor(layer, layer.input(0));
    parts.forEach((part, index) => {
      layer.output(taken(layer, x, [axis, part]), index);
    });
    layer.onBackward((_, all) => {
      const dx = program.value(layer.api.plain(dims), dims);
      parts.forEach((part, index) => {
        program.copy(all[index] ?? zeros(layer, axis, part), program.part(dx, axis, part));
      });
      layer.gradient(0, dx);
    });
  },
};

/** Positions of one axis, one after the other. */
export const slice: LayerRule = {
  refusal: ({ node, isConstant }) => {
    const given = [1, 2, 3, 4].filter((index) => (node.input[index] ?? '') !== '');
    return given.every(isConstant) && given.length >= 2 ? undefined : 'positions that are constants';
  },
  write: (layer) => {
    const { program } = layer;
    const dims = layer.dims(0);
    const numbers = (index: number): readonly number[] | undefined =>
      layer.has(index) ? Array.from(layer.constant(index)!.data as BigInt64Array, Number) : undefined;
    const starts = numbers(1)!;
    const axes = (numbers(3) ?? starts.map((_, i) => i)).map((axis) => positive(axis, dims.length));
    const cut = axes.flatMap((axis, i) =>
      layer.outputDims[axis] === dims[axis] ? [] : [[axis, starts[i]!] as const],
    );
    const [first, ...others] = cut;
    if (others.length > 0 || numbers(4)?.some((step) => step !== 1))
      throw layer.refused('one axis, in steps of 1');
    if (first === undefined) {
      layer.output(layer.input(0));
      layer.onBackward((gradient) => layer.gradient(0, gradient));
      return;
    }
    const [axis, start] = first;
    const length = dims[axis]!;
    const part = { start: start < 0 ? Math.max(0, start + length) : start, size: layer.outputDims[axis]! };
    layer.output(taken(layer, ownRowMajor(layer, layer.input(0)), [axis, part]));
    layer.onBackward((gradient) => {
      const dx = program.value(layer.api.plain(dims), dims);
      program.copy(gradient, program.part(dx, axis, part));
      const after = part.start + part.size;
      for (const rest of [
        { start: 0, size: part.start },
        { start: after, size: length - after },
      ])
        if (rest.size > 0) program.copy(zeros(layer, axis, rest), program.part(dx, axis, rest));
      layer.gradient(0, dx);
    });
  },
};

/** Axes in another order: the same memory, read by other strides. */
export const transpose: LayerRule = {
  write: (layer) => {
    const { program, node } = layer;
    const dims = layer.dims(0);
    const order = intsAttribute(node, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis);
    const x = program.rowMajor(layer.input(0));
    layer.output(turned(layer, x, order));
    layer.onBackward((gradient) => {
      const back = order.map((_, axis) => order.indexOf(axis));
      layer.gradient(0, turned(layer, program.rowMajor(gradient), back));
    });
  },
};

function turned({ program }: Layer, x: Value, order: readonly number[]): Value {
  const strides = rowMajorStrides(x.dims);
  const dims = order.map((axis) => x.dims[axis]!);
  const view = program.view(
    x,
    dims,
    order.map((axis) => strides[axis]!),
  );
  return program.rowMajor(view);
}

function partsOf(sizes: readonly number[]): readonly AxisPart[] {
  return sizes.map((size, i) => ({ start: sizes.slice(0, i).reduce((a, b) => a + b, 0), size }));
}

/** A part as a tensor of its own. */
function taken({ program, api }: Layer, whole: Value, [axis, part]: readonly [number, AxisPart]): Value {
  const view = program.part(whole, axis, part);
  const own = program.value(api.plain(view.dims), view.dims);
  program.copy(view, own);
  return own;
}

/** Row-major in the program's own memory: parts of the caller's have no place. */
function ownRowMajor({ program, api }: Layer, value: Value): Value {
  const plain = program.rowMajor(value);
  if (!plain.storage.isExternal) return plain;
  const own = program.value(api.plain(plain.dims), plain.dims);
  program.copy(plain, own);
  return own;
}

function zeros(layer: Layer, axis: number, { size }: AxisPart): Value {
  const dims = layer.dims(0).map((length, i) => (i === axis ? size : length));
  return layer.fixed(dims, new Float32Array(sizeOf(dims)));
}

function positive(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
