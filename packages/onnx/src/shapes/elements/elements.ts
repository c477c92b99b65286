import { sizeOf } from '../../model/dims.ts';
import type { ElementType } from '../../model/element-type.ts';
import type { Dimension, Node } from '../../model/model.ts';
import type { KnownValues } from '../known-values.ts';

/** Elements of a tensor, row-major: a number, an expression of dimensions, or unknown. */
export type Elements = readonly Dimension[];

/** A tensor whose dimensions are numbers and whose elements are partly known. */
export interface Operand {
  readonly dims: readonly number[];
  readonly elements: Elements;
}

/** What elements are computed from. */
export interface PartlyKnown extends KnownValues {
  type(name: string): ElementType | undefined;
}

/** One output whose elements are asked for. */
export interface ElementsCall {
  readonly node: Node;
  readonly output: number;
  /** Dimensions of the output, and their product. */
  readonly dims: readonly number[];
  readonly count: number;
  readonly values: PartlyKnown;
  /** An input, where it is known well enough. */
  input(index: number): Operand | undefined;
}

export type ElementsRule = (call: ElementsCall) => Elements | undefined;

/** The element of every position of a tensor. */
export function fromPositions(
  dims: readonly number[],
  element: (position: readonly number[]) => Dimension,
): Dimension[] {
  const count = sizeOf(dims);
  const position = dims.map(() => 0);
  const result: Dimension[] = [];
  for (let i = 0; i < count; i++) {
    result.push(element(position));
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      position[axis]! += 1;
      if (position[axis]! < dims[axis]!) break;
      position[axis] = 0;
    }
  }
  return result;
}

/** The element at a position; `undefined` outside. */
export function at({ dims, elements }: Operand, position: readonly number[]): Dimension {
  let index = 0;
  for (const [axis, size] of dims.entries()) {
    const place = position[axis]!;
    if (!(place >= 0 && place < size)) return undefined;
    index = index * size + place;
  }
  return elements[index];
}

/** An operand repeated along axes of size 1, as if it had these dimensions. */
export function repeated(operand: Operand, dims: readonly number[]): Dimension[] | undefined {
  const added = dims.length - operand.dims.length;
  if (added < 0 || !operand.dims.every((size, axis) => size === 1 || size === dims[axis + added]))
    return undefined;
  if (operand.elements.length === 1) return new Array<Dimension>(sizeOf(dims)).fill(operand.elements[0]);
  return fromPositions(dims, (position) =>
    at(
      operand,
      operand.dims.map((size, axis) => (size === 1 ? 0 : position[axis + added]!)),
    ),
  );
}

/** A position with another place on one axis. */
export function moved(position: readonly number[], axis: number, place: number): number[] {
  return position.map((other, i) => (i === axis ? place : other));
}
