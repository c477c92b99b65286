import type { GraphBuilder } from '../../builder/graph-builder.ts';
import { NodeWriter } from '../../builder/node-writer.ts';
import type { UnsupportedOperatorError } from '../../errors.ts';
import type { Attributes } from '../../model/attributes.ts';
import { type Dimension, isStandardDomain, type Node, nodeName, unsupported } from '../../model/model.ts';
import { createNode } from '../../model/node.ts';
import { withFields } from '../../model/with-fields.ts';
import type { ValueTable } from '../../shapes/value-table.ts';

/** Writes a node with others. */
export type WrittenOut = (writing: Writing) => void;

/** Writes one node with other operators, in the forms of the model's opset. */
export class Writing extends NodeWriter {
  readonly node: Node;
  readonly #prefix: string;

  constructor(builder: GraphBuilder, values: ValueTable, node: Node) {
    const prefix = `${node.output.find((name) => name !== '')}`;
    super(builder, values, prefix);
    this.node = node;
    this.#prefix = prefix;
  }

  /** Name of an input; '' where it is left out. */
  input(index: number): string {
    return this.node.input[index] ?? '';
  }

  has(index: number): boolean {
    return this.input(index) !== '';
  }

  /** Name of an output; '' where nobody reads it. */
  output(index: number): string {
    return this.node.output[index] ?? '';
  }

  /** @throws UnsupportedOperatorError if it is not known */
  rank(value: string): number {
    const rank = this.shape(value)?.length;
    if (rank === undefined) throw this.refuse(`a known rank of '${value}'`);
    return rank;
  }

  /** Adds a node with attributes as they are, under names of its own. */
  copy(node: Node): string {
    const name = this.freshName(`${this.#prefix}/${node.opType.toLowerCase()}`);
    this.add(withFields(node, { name, output: [name] }));
    return name;
  }

  /** The last node for an output: it has the name of the node written out. */
  give(index: number, operator: string, inputs: readonly string[], attributes: Attributes = {}): void {
    const output = this.output(index);
    if (output === '') return;
    const name = index === 0 ? nodeName(this.node) : output;
    this.add(createNode(name, operator, inputs, [output], attributes));
  }

  integers(...numbers: readonly number[]): string {
    return this.integerList(numbers);
  }

  /** Reshapes; 0 is the dimension in the same place, -1 what is left. */
  reshape(value: string, ...dims: readonly number[]): string {
    return this.op('Reshape', [value, this.integers(...dims)]);
  }

  /** A value with its last two axes exchanged. */
  turned(value: string): string {
    const rank = this.rank(value);
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    return this.transpose(value, [...perm.slice(0, -2), rank - 1, rank - 2]);
  }

  squeeze(value: string, axis: number): string {
    return this.opset < 13
      ? this.op('Squeeze', [value], { axes: { ints: [axis] } })
      : this.op('Squeeze', [value, this.integers(axis)]);
  }

  split(value: string, axis: number, sizes: readonly number[]): readonly string[] {
    return this.opset < 13
      ? this.several('Split', [value], { axis: { int: axis }, split: { ints: sizes } }, sizes.length)
      : this.several('Split', [value, this.integers(...sizes)], { axis: { int: axis } }, sizes.length);
  }

  /** A part of a value along an axis. */
  slice(value: string, axis: number, from: number, to: number, step: number = 1): string {
    const parts = [from, to, axis, step].map((number) => this.integers(number));
    return this.op('Slice', [value, ...parts]);
  }

  softmax(value: string): string {
    return this.op('Softmax', [value], { axis: { int: -1 } });
  }

  scaled(value: string, factor: number): string {
    return factor === 1 ? value : this.op('Mul', [value, this.scalar(factor, value)]);
  }

  /** A dimension that is a number. @throws UnsupportedOperatorError if it is none */
  size(value: string, axis: number): number {
    const dim: Dimension = this.shape(value)?.at(axis);
    if (typeof dim !== 'number') throw this.refuse(`a known size of axis ${axis} of '${value}'`);
    return dim;
  }

  refuse(expected: string): UnsupportedOperatorError {
    return unsupported(this.node, expected, isStandardDomain(this.node.domain) ? FIXED : WITHOUT_FUSION);
  }
}

const FIXED = 'export the model with a fixed height and width, or with another form of it.';

/** What to do about an operator of an optimised file. */
export const WITHOUT_FUSION =
  "take the file as it was before onnxruntime or Olive optimised it, or export it without operators of their own ('basic' optimisation at most).";
