import type { GraphBuilder } from '../../builder/graph-builder.ts';
import type { Attributes } from '../../model/attributes.ts';
import type { Node } from '../../model/model.ts';
import type { BatchAxis } from '../batch-axis.ts';

/** What rewrites read and write. */
export interface Rewriting {
  readonly axisOf: (name: string) => BatchAxis | undefined;
  readonly shapeOf: (name: string) => readonly number[] | undefined;
  readonly integersOf: (name: string) => readonly number[] | undefined;
  /** Whether an element of a shape is a number that does not follow the batch. */
  readonly isConstantAt: (name: string, i: number) => boolean;
  /** The batch of the file; 1 where it has none. */
  readonly k: number;
  /** Whether a value has the same numbers all along an axis, as far as it is a constant. */
  readonly isAlike: (name: string, axis: number) => boolean;
  readonly size: (factor: number) => string;
  readonly builder: GraphBuilder;
  readonly opset: number;
  readonly keep: (node: Node, axes: readonly (BatchAxis | undefined)[]) => void;
  readonly changed: (node: Node) => void;
  readonly lose: (node: Node) => void;
  readonly plain: (node: Node) => void;
}

/** Adds the node that does the same for any batch. */
export type Rewrite = (context: Rewriting, node: Node) => void;

/** A node that the file did not have, under a name of its own. */
export function fresh(
  builder: GraphBuilder,
  operator: string,
  inputs: readonly string[],
  attributes: Attributes,
  hint: string,
): string {
  const name = builder.uniqueName(hint);
  return builder.op(operator, inputs, attributes, { name: `free/${name}`, outputs: [name] });
}

/** A list of integers, as a constant. */
export function int64(context: Rewriting, hint: string, values: readonly number[]): string {
  const data = BigInt64Array.from(values, (value) => BigInt(value));
  return context.builder.constant({ type: 'int64', dims: [values.length], data }, hint);
}

/** A constant with the batch on an axis, whose first sample is repeated for as many as there are. */
export function repeated(
  context: Rewriting,
  value: string,
  { axis, factor, rank }: BatchAxis & { readonly rank: number },
): string {
  const ones = (count: number): string[] =>
    count === 0 ? [] : [int64(context, 'batch/ones', new Array<number>(count).fill(1))];
  const { builder } = context;
  const parts = [...ones(axis), context.size(factor), ...ones(rank - axis - 1)];
  const shape =
    parts.length === 1 ? parts[0]! : fresh(builder, 'Concat', parts, { axis: { int: 0 } }, 'batch/sizes');
  const isOne = context.shapeOf(value)?.[axis] === 1;
  const first = isOne
    ? value
    : fresh(
        builder,
        'Gather',
        [value, int64(context, 'batch/first', [0])],
        { axis: { int: axis } },
        `first/${value}`,
      );
  return fresh(builder, 'Expand', [first, shape], {}, `each/${value}`);
}
