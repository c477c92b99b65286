import type { Dimension, Node, Shape } from '../model/model.ts';

/** What a shape is inferred from. */
export interface KnownValues {
  shape(name: string): Shape | undefined;
  /** Integers of a value, where all are known. */
  integers(name: string): readonly number[] | undefined;
  /** Elements of a small value, row-major, each as far as it is known; booleans are 0 and 1. */
  elements(name: string): readonly Dimension[] | undefined;
}

/** Shape of one output of a node; `undefined` if not even its rank follows. */
export type ShapeRule = (
  node: Node,
  values: KnownValues,
  first: Shape | undefined,
  output: number,
) => Shape | undefined;

/** Rules by the operator's name. */
export type ShapeRules = Readonly<Record<string, ShapeRule>>;

/** No tensor has more axes than this. */
export const RANK_LIMIT = 64;

/** Name of a node's input; '' if it is left out. */
export function inputName(node: Node, index: number): string {
  return node.input[index] ?? '';
}

export function isGiven(node: Node, index: number): boolean {
  return inputName(node, index) !== '';
}

export function inputShape(node: Node, values: KnownValues, index: number): Shape | undefined {
  return values.shape(inputName(node, index));
}

/** Elements of a vector of numbers that tells the result's dimensions; unknown ones where only its length is known. */
export function vector(values: KnownValues, name: string): readonly Dimension[] | undefined {
  const known = values.elements(name);
  if (known !== undefined) return known;
  const length = values.shape(name)?.[0];
  if (typeof length !== 'number' || !isLength(length)) return undefined;
  return new Array<Dimension>(length).fill(undefined);
}

function isLength(length: number): boolean {
  return Number.isInteger(length) && length >= 0 && length <= RANK_LIMIT;
}

/** An axis counted from the start; `undefined` if there is none such. */
export function axisFrom(axis: Dimension, rank: number): number | undefined {
  if (typeof axis !== 'number' || !Number.isInteger(axis)) return undefined;
  const from = axis < 0 ? axis + rank : axis;
  return from >= 0 && from < rank ? from : undefined;
}

/** Axes counted from the start; `undefined` if one is unknown or not there. */
export function axesFrom(axes: readonly Dimension[], rank: number): readonly number[] | undefined {
  const from = axes.map((axis) => axisFrom(axis, rank));
  return from.every((axis) => axis !== undefined) ? from : undefined;
}
