import type { GraphBuilder } from '../../../builder/graph-builder.ts';
import { type Attributes, intsAttribute } from '../../../model/attributes.ts';
import { sizeOf } from '../../../model/dims.ts';
import { int64List } from '../../../model/integers.ts';
import type { Node } from '../../../model/model.ts';
import { withFields } from '../../../model/with-fields.ts';
import type { BatchAxis, Mixes } from '../batch-axis.ts';

/** What rewrites read and write. */
export interface Rewriting {
  readonly axisOf: (name: string) => BatchAxis | undefined;
  readonly typeOf: (name: string) => string | undefined;
  readonly shapeOf: (name: string) => readonly number[] | undefined;
  readonly integersOf: (name: string) => readonly number[] | undefined;
  /** Whether an element of a shape is a number that does not follow the batch. */
  readonly isConstantAt: (name: string, i: number) => boolean;
  /** Whether the size of a value along an axis follows the batch, as the graph computes it. */
  readonly follows: (name: string, axis: number) => boolean;
  /** The batch of the file; 1 where it has none. */
  readonly k: number;
  /** Whether a value that does not depend on the data is the same for each sample of a batch that lies so. */
  readonly isAlike: (name: string, batch: BatchAxis) => boolean;
  /** N · factor, as a list of one. */
  readonly size: (factor: number) => string;
  readonly builder: GraphBuilder;
  readonly opset: number;
  /** Where the batch lies in the first output of the node as it is. */
  readonly outputAxis: (node: Node) => BatchAxis | Mixes;
  readonly keep: (node: Node, axes: readonly (BatchAxis | undefined)[]) => void;
  /** Whether the file drops a batch of one from a value, which has it as an axis of its own before the others here. */
  readonly isDropped: (name: string) => boolean;
  /** Adds a node whose results have no axis for the batch in the file. */
  readonly drop: (node: Node) => void;
  readonly changed: (node: Node) => void;
  readonly lose: (node: Node) => void;
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
  return context.builder.constant(int64List(values), hint);
}

/** A list of integers and multiples of the batch, as a value. */
export function sizes(
  context: Rewriting,
  hint: string,
  parts: readonly (number | { readonly ofBatch: number })[],
): string {
  const names: string[] = [];
  let run: number[] = [];
  const close = (): void => {
    if (run.length > 0) names.push(int64(context, hint, run));
    run = [];
  };
  for (const part of parts) {
    if (typeof part === 'number') run.push(part);
    else {
      close();
      names.push(context.size(part.ofBatch));
    }
  }
  close();
  return names.length === 1
    ? names[0]!
    : fresh(context.builder, 'Concat', names, { axis: { int: 0 } }, 'batch/sizes');
}

/** Axes of Squeeze and the like, counted from the start. */
export function axesOf(context: Rewriting, node: Node, rank: number): readonly number[] | undefined {
  const axes = intsAttribute(node, 'axes') ?? context.integersOf(node.input[1] ?? '');
  return axes?.map((axis) => (axis < 0 ? axis + rank : axis));
}

/**
 * A value of the file's batch, whose first sample is repeated for as many as there are.
 *
 * @returns undefined where its samples differ, or its size is not known
 */
export function repeated(context: Rewriting, value: string, batch: BatchAxis): string | undefined {
  const { axis, outer, factor } = batch;
  const { builder, k } = context;
  const dims = context.shapeOf(value);
  const isWhole = dims?.every(Number.isFinite) === true && dims[axis] === outer * k * factor;
  if (!isWhole || !context.isAlike(value, batch)) return undefined;
  const [before, after] = [dims.slice(0, axis), dims.slice(axis + 1)];
  const isPlain = outer * factor === 1;
  const shape = (hint: string, list: readonly number[]): string => int64(context, hint, list);
  const apart = isPlain
    ? value
    : fresh(
        builder,
        'Reshape',
        [value, shape('batch/apart', [...before, outer, k, factor, ...after])],
        {},
        `apart/${value}`,
      );
  const at = isPlain ? axis : axis + 1;
  const first =
    k === 1
      ? apart
      : fresh(builder, 'Gather', [apart, shape('batch/first', [0])], { axis: { int: at } }, `first/${value}`);
  const rank = isPlain ? dims.length : dims.length + 2;
  const target = sizes(
    context,
    'batch/ones',
    Array.from({ length: rank }, (_, i) => (i === at ? { ofBatch: 1 } : 1)),
  );
  const each = fresh(builder, 'Expand', [first, target], {}, `each/${value}`);
  if (isPlain) return each;
  // No size may be 0 beside the −1.
  if (sizeOf([...before, ...after]) === 0) return undefined;
  return fresh(
    builder,
    'Reshape',
    [each, shape('batch/joined', [...before, -1, ...after])],
    {},
    `joined/${value}`,
  );
}

/**
 * Adds a node some of whose inputs, which hold the file's batch and no data, are repeated for each sample. It is lost
 * where their samples differ.
 *
 * @param held where the batch would lie in an input; undefined for one that stays
 * @param axes of the outputs
 */
export function keepRepeated(
  context: Rewriting,
  node: Node,
  held: (name: string, index: number) => BatchAxis | undefined,
  axes: readonly BatchAxis[],
): void {
  let isChanged = false;
  const input: string[] = [];
  for (const [index, name] of node.input.entries()) {
    const batch = context.axisOf(name) === undefined ? held(name, index) : undefined;
    const stays = batch === undefined || context.follows(name, batch.axis);
    const each = stays ? name : repeated(context, name, batch);
    if (each === undefined) {
      context.lose(node);
      return;
    }
    isChanged ||= !stays;
    input.push(each);
  }
  if (isChanged) context.changed(node);
  context.keep(withFields(node, { input }), axes);
}
