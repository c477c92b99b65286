import { OnnxGraphError } from '../errors.ts';
import type { Attributes } from '../model/attributes.ts';
import { sizeOf } from '../model/dims.ts';
import { int64List, wholeNumber } from '../model/integers.ts';
import type { Node, Shape } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { createTensor, type TensorData } from '../model/tensor.ts';
import type { ValueTable } from '../shapes/value-table.ts';
import type { GraphBuilder } from './graph-builder.ts';

/**
 * Writes nodes under names of their own, in the forms of the graph's opset, and knows of every value what is known
 * before the graph runs. Constants are written once, however often they are asked for.
 */
export class NodeWriter {
  readonly values: ValueTable;
  readonly #builder: GraphBuilder;
  readonly #prefix: string;
  readonly #constants: Map<string, string> = new Map();

  /** @param prefix of every name */
  constructor(builder: GraphBuilder, values: ValueTable, prefix: string) {
    this.values = values;
    this.#builder = builder;
    this.#prefix = prefix;
  }

  get opset(): number {
    return this.#builder.opset;
  }

  shape(value: string): Shape | undefined {
    return this.values.shape(value);
  }

  /** Adds a node and returns the name of its only output. */
  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.several(operator, inputs, attributes, 1)[0]!;
  }

  /** Adds a node and returns the names of its `count` outputs. */
  several(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes,
    count: number,
  ): readonly string[] {
    const first = this.freshName(`${this.#prefix}/${operator.toLowerCase()}`);
    const others = Array.from({ length: count - 1 }, (_, i) => this.freshName(`${first}/output_${i + 1}`));
    const names = [first, ...others];
    this.add(createNode(first, operator, inputs, names, attributes));
    return names;
  }

  /** Adds a node as it is. */
  add(node: Node): void {
    this.#builder.add(node);
    this.values.add(node);
  }

  freshName(hint: string): string {
    return this.#builder.uniqueName(hint);
  }

  /** Element type of a value that is a floating-point number. */
  floatType(value: string): 'float32' | 'float64' {
    return this.values.type(value) === 'float64' ? 'float64' : 'float32';
  }

  /** A scalar of the element type of `like`. */
  scalar(number: number, like: string): string {
    return this.#filled(this.floatType(like), [], number);
  }

  /** An int64 scalar. */
  integerScalar(number: number): string {
    return this.#filled('int64', [], number);
  }

  /** A tensor of ones, of the element type of `like`. */
  ones(dims: readonly number[], like: string): string {
    return this.#filled(this.floatType(like), dims, 1);
  }

  /** A vector of int64. */
  integerList(numbers: readonly number[]): string {
    return this.#once(`ints ${numbers}`, () => int64List(numbers));
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.op('Transpose', [value], { perm: { ints: perm } });
  }

  unsqueeze(value: string, ...axes: readonly number[]): string {
    return this.opset < 13
      ? this.op('Unsqueeze', [value], { axes: { ints: axes } })
      : this.op('Unsqueeze', [value, this.integerList(axes)]);
  }

  /** The mean over some axes, which stay with a size of 1. */
  reduceMean(value: string, axes: readonly number[]): string {
    return this.opset < 18
      ? this.op('ReduceMean', [value], { axes: { ints: axes }, keepdims: { int: 1 } })
      : this.op('ReduceMean', [value, this.integerList(axes)], { keepdims: { int: 1 } });
  }

  #filled(type: keyof typeof FILLED, dims: readonly number[], number: number): string {
    const data = FILLED[type];
    const count = sizeOf(dims);
    if (!Number.isSafeInteger(count) || count < 0 || count > LARGEST_CONSTANT) {
      throw new OnnxGraphError(
        `a constant of shape [${dims.join(', ')}]`,
        `0 to ${LARGEST_CONSTANT} elements`,
        'check the sizes of windows and axes in the file.',
      );
    }
    return this.#once(
      `${type} [${dims}] ${number}`,
      () => ({ type, dims, data: data(count, number) }) as TensorData,
    );
  }

  #once(key: string, tensor: () => TensorData): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.freshName(`${this.#prefix}/constant`);
    const constant = createTensor(name, tensor());
    this.#builder.addInitializer(constant);
    this.values.addConstant(constant);
    this.#constants.set(key, name);
    return name;
  }
}

/** Elements of a constant; larger ones are a sign of a broken file. */
const LARGEST_CONSTANT = 2 ** 26;

/** Arrays of one number. */
const FILLED = {
  float32: (count: number, number: number) => new Float32Array(count).fill(number),
  float64: (count: number, number: number) => new Float64Array(count).fill(number),
  int64: (count: number, number: number) => new BigInt64Array(count).fill(wholeNumber(number)),
};
