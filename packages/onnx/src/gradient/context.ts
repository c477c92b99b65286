import type { GraphBuilder } from '../builder/graph-builder.ts';
import { OnnxGraphError } from '../errors.ts';
import { type Attributes, wholeNumber } from '../model/attributes.ts';
import type { Node, Shape } from '../model/model.ts';
import { createNode } from '../model/node.ts';
import { createTensor, sizeOf, type TensorData } from '../model/tensor.ts';
import type { ValueTable } from '../shapes/value-table.ts';
import type { IntVector } from './int-vector.ts';

/**
 * Writes the nodes of a gradient, and knows of every value what is known before the graph runs. Constants and
 * shapes are written once, however often they are asked for.
 */
export class GradientGraph {
  readonly #builder: GraphBuilder;
  readonly #values: ValueTable;
  readonly #written: Map<string, string> = new Map();

  constructor(builder: GraphBuilder, values: ValueTable) {
    this.#builder = builder;
    this.#values = values;
  }

  get opset(): number {
    return this.#builder.opset;
  }

  get values(): ValueTable {
    return this.#values;
  }

  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.node(operator, inputs, attributes, 1)[0]!;
  }

  node(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: number,
  ): readonly string[] {
    const hint = `grad/${operator.toLowerCase()}`;
    const first = this.freshName(hint);
    const others = Array.from({ length: outputs - 1 }, (_, i) => this.freshName(`${first}/output_${i + 1}`));
    const names = [first, ...others];
    this.add(createNode(first, operator, inputs, names, attributes));
    return names;
  }

  /** Adds a node as it is. */
  add(node: Node): void {
    this.#builder.add(node);
    this.#values.add(node);
  }

  freshName(hint: string): string {
    return this.#builder.uniqueName(hint);
  }

  /** Says that a value has the shape and type of another, as a gradient has those of its value. */
  declareLike(value: string, like: string): void {
    this.#values.set(value, this.#values.type(like), this.#values.shape(like));
  }

  shape(value: string): Shape | undefined {
    return this.#values.shape(value);
  }

  /** Element type of a value through which a gradient flows. */
  floatType(value: string): 'float32' | 'float64' {
    return this.#values.type(value) === 'float64' ? 'float64' : 'float32';
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

  /** Name of an int64 value with these integers. */
  integers(vector: IntVector): string {
    if ('value' in vector) return vector.value;
    const { known } = vector;
    return this.#once(`ints ${known}`, () => ({
      type: 'int64',
      dims: [known.length],
      data: BigInt64Array.from(known, wholeNumber),
    }));
  }

  /** Dimensions of a value, as numbers where all are known. */
  dims(value: string): IntVector {
    const shape = this.shape(value);
    if (shape?.every((dim) => typeof dim === 'number')) return { known: shape };
    const key = `shape of ${value}`;
    const known = this.#written.get(key);
    if (known !== undefined) return { value: known };
    const name = this.op('Shape', [value]);
    this.#written.set(key, name);
    return { value: name };
  }

  /** One dimension, as a vector of one number; a negative axis counts from the end. */
  dimension(value: string, axis: number): IntVector {
    const size = this.shape(value)?.at(axis);
    if (typeof size === 'number') return { known: [size] };
    const index = this.integers({ known: [axis] });
    return { value: this.op('Gather', [this.integers(this.dims(value)), index]) };
  }

  /** The spatial dimensions, the `count` ones after the second. */
  spatialDims(value: string, count: number): IntVector {
    const axes = Array.from({ length: count }, (_, axis) => this.dimension(value, axis + 2));
    return this.concatIntegers(...axes);
  }

  /** Name of an int64 value with the dimensions of a value. */
  shapeOf(value: string): string {
    return this.integers(this.dims(value));
  }

  /** Name of an int64 scalar with the number of elements of a value. */
  sizeOf(value: string): string {
    return this.op('ReduceProd', [this.shapeOf(value)], { keepdims: { int: 0 } });
  }

  /** How many elements of one value there are for each of another, as a scalar of the first one's type. */
  ratioOfSizes(value: string, other: string): string {
    return this.cast(this.op('Div', [this.sizeOf(value), this.sizeOf(other)]), value);
  }

  /** Element by element; numbers stay numbers. */
  combine(operator: 'Add' | 'Sub' | 'Mul' | 'Max', a: IntVector, b: IntVector): IntVector {
    if ('known' in a && 'known' in b) {
      return { known: a.known.map((left, i) => INTEGER_ARITHMETIC[operator](left, b.known[i]!)) };
    }
    return { value: this.op(operator, [this.integers(a), this.integers(b)]) };
  }

  concatIntegers(...parts: readonly IntVector[]): IntVector {
    if (parts.every((part) => 'known' in part)) return { known: parts.flatMap((part) => part.known) };
    return {
      value: this.op(
        'Concat',
        parts.map((part) => this.integers(part)),
        { axis: { int: 0 } },
      ),
    };
  }

  reshape(value: string, dims: IntVector): string {
    return this.op('Reshape', [value, this.integers(dims)], { allowzero: { int: 1 } });
  }

  /** Reshapes to these dimensions, of which 0 is the one that the value has in that place. */
  reshapeKeeping(value: string, ...dims: readonly number[]): string {
    return this.op('Reshape', [value, this.integers({ known: dims })]);
  }

  /** Gives a value the shape that another has. */
  reshapeLike(value: string, like: string): string {
    return this.reshape(value, this.dims(like));
  }

  reduceSum(value: string, axes: readonly number[], keepDims: boolean): string {
    return this.op('ReduceSum', [value, this.integers({ known: axes })], {
      keepdims: { int: keepDims ? 1 : 0 },
    });
  }

  reduceMean(value: string, axes: readonly number[]): string {
    return this.opset < 18
      ? this.op('ReduceMean', [value], { axes: { ints: axes }, keepdims: { int: 1 } })
      : this.op('ReduceMean', [value, this.integers({ known: axes })], { keepdims: { int: 1 } });
  }

  unsqueeze(value: string, ...axes: readonly number[]): string {
    return this.op('Unsqueeze', [value, this.integers({ known: axes })]);
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.op('Transpose', [value], { perm: { ints: perm } });
  }

  cast(value: string, like: string): string {
    return this.op('CastLike', [value, like]);
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
    const known = this.#written.get(key);
    if (known !== undefined) return known;
    const name = this.freshName('grad/constant');
    const constant = createTensor(name, tensor());
    this.#builder.addInitializer(constant);
    this.#values.addConstant(constant);
    this.#written.set(key, name);
    return name;
  }
}

/** Elements of a constant that a rule writes; larger ones are a sign of a broken file. */
const LARGEST_CONSTANT = 2 ** 26;

const INTEGER_ARITHMETIC: Readonly<Record<'Add' | 'Sub' | 'Mul' | 'Max', (a: number, b: number) => number>> =
  {
    Add: (a, b) => a + b,
    Sub: (a, b) => a - b,
    Mul: (a, b) => a * b,
    Max: Math.max,
  };

/** Arrays of one number. */
const FILLED = {
  float32: (count: number, number: number) => new Float32Array(count).fill(number),
  float64: (count: number, number: number) => new Float64Array(count).fill(number),
  int64: (count: number, number: number) => new BigInt64Array(count).fill(BigInt(number)),
};
