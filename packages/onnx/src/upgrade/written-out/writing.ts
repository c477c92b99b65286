import type { GraphBuilder } from '../../builder/graph-builder.ts';
import type { UnsupportedOperatorError } from '../../errors.ts';
import { type Attributes, wholeNumber } from '../../model/attributes.ts';
import {
  type Dimension,
  isStandardDomain,
  type Node,
  nodeName,
  type Shape,
  unsupported,
} from '../../model/model.ts';
import { createNode } from '../../model/node.ts';
import { createTensor, type TensorData } from '../../model/tensor.ts';
import { withFields } from '../../model/with-fields.ts';
import type { ValueTable } from '../../shapes/value-table.ts';

/** Writes a node with others. */
export type WrittenOut = (writing: Writing) => void;

/** Writes one node with other operators, in the forms of the model's opset. */
export class Writing {
  readonly node: Node;
  readonly #builder: GraphBuilder;
  readonly #values: ValueTable;

  constructor(builder: GraphBuilder, values: ValueTable, node: Node) {
    this.node = node;
    this.#builder = builder;
    this.#values = values;
  }

  get opset(): number {
    return this.#builder.opset;
  }

  get values(): ValueTable {
    return this.#values;
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

  shape(value: string): Shape | undefined {
    return this.#values.shape(value);
  }

  /** @throws UnsupportedOperatorError if it is not known */
  rank(value: string): number {
    const rank = this.shape(value)?.length;
    if (rank === undefined) throw this.refuse(`a known rank of '${value}'`);
    return rank;
  }

  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.several(operator, inputs, attributes, 1)[0]!;
  }

  several(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes,
    count: number,
  ): readonly string[] {
    const hint = `${this.node.output.find((name) => name !== '')}/${operator}`;
    const outputs: string[] = [];
    for (let i = 0; i < count; i++) {
      let name = this.#builder.uniqueName(hint);
      for (let n = 1; outputs.includes(name); n++) name = this.#builder.uniqueName(`${hint}_${i}_${n}`);
      outputs.push(name);
    }
    this.#add(createNode(outputs[0]!, operator, inputs, outputs, attributes));
    return outputs;
  }

  /** Adds a node with attributes as they are, under names of its own. */
  copy(node: Node): string {
    const name = this.#builder.uniqueName(`${this.node.output.find((each) => each !== '')}/${node.opType}`);
    this.#add(withFields(node, { name, output: [name] }));
    return name;
  }

  /** The last node for an output: it has the name of the node written out. */
  give(index: number, operator: string, inputs: readonly string[], attributes: Attributes = {}): void {
    const output = this.output(index);
    if (output === '') return;
    const name = index === 0 ? nodeName(this.node) : output;
    this.#add(createNode(name, operator, inputs, [output], attributes));
  }

  #add(node: Node): void {
    this.#builder.add(node);
    this.#values.add(node);
  }

  constant(tensor: TensorData): string {
    const name = this.#builder.uniqueName(`${this.node.output.find((each) => each !== '')}/constant`);
    const constant = createTensor(name, tensor);
    this.#builder.addInitializer(constant);
    this.#values.addConstant(constant);
    return name;
  }

  /** A scalar of the element type of a value. */
  scalar(number: number, like: string): string {
    return this.#values.type(like) === 'float64'
      ? this.constant({ type: 'float64', dims: [], data: Float64Array.of(number) })
      : this.constant({ type: 'float32', dims: [], data: Float32Array.of(number) });
  }

  integers(...numbers: readonly number[]): string {
    const data = BigInt64Array.from(numbers, wholeNumber);
    return this.constant({ type: 'int64', dims: [numbers.length], data });
  }

  integerScalar(number: number): string {
    return this.constant({ type: 'int64', dims: [], data: BigInt64Array.of(wholeNumber(number)) });
  }

  /** Reshapes; 0 is the dimension in the same place, -1 what is left. */
  reshape(value: string, ...dims: readonly number[]): string {
    return this.op('Reshape', [value, this.integers(...dims)]);
  }

  transpose(value: string, ...perm: readonly number[]): string {
    return this.op('Transpose', [value], { perm: { ints: perm } });
  }

  /** A value with its last two axes exchanged. */
  turned(value: string): string {
    const rank = this.rank(value);
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    return this.transpose(value, ...perm.slice(0, -2), rank - 1, rank - 2);
  }

  unsqueeze(value: string, ...axes: readonly number[]): string {
    return this.opset < 13
      ? this.op('Unsqueeze', [value], { axes: { ints: axes } })
      : this.op('Unsqueeze', [value, this.integers(...axes)]);
  }

  squeeze(value: string, axis: number): string {
    return this.opset < 13
      ? this.op('Squeeze', [value], { axes: { ints: [axis] } })
      : this.op('Squeeze', [value, this.integers(axis)]);
  }

  mean(value: string, axis: number): string {
    return this.opset < 18
      ? this.op('ReduceMean', [value], { axes: { ints: [axis] }, keepdims: { int: 1 } })
      : this.op('ReduceMean', [value, this.integers(axis)], { keepdims: { int: 1 } });
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
