import type { GraphBuilder } from '../builder/graph-builder.ts';
import { NodeWriter } from '../builder/node-writer.ts';
import type { ValueTable } from '../shapes/value-table.ts';
import type { IntVector } from './int-vector.ts';

/** Writes the nodes of a gradient, and shapes as numbers where they are known; each shape is written once. */
export class GradientGraph extends NodeWriter {
  readonly #shapes: Map<string, string> = new Map();

  constructor(builder: GraphBuilder, values: ValueTable) {
    super(builder, values, 'grad');
  }

  /** Says that a value has the shape and type of another, as a gradient has those of its value. */
  declareLike(value: string, like: string): void {
    this.values.set(value, this.values.type(like), this.values.shape(like));
  }

  /** Name of an int64 value with these integers. */
  integers(vector: IntVector): string {
    return 'value' in vector ? vector.value : this.integerList(vector.known);
  }

  /** Dimensions of a value, as numbers where all are known. */
  dims(value: string): IntVector {
    const shape = this.shape(value);
    if (shape?.every((dim) => typeof dim === 'number')) return { known: shape };
    const known = this.#shapes.get(value);
    if (known !== undefined) return { value: known };
    const name = this.op('Shape', [value]);
    this.#shapes.set(value, name);
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

  cast(value: string, like: string): string {
    return this.op('CastLike', [value, like]);
  }
}

const INTEGER_ARITHMETIC: Readonly<Record<'Add' | 'Sub' | 'Mul' | 'Max', (a: number, b: number) => number>> =
  {
    Add: (a, b) => a + b,
    Sub: (a, b) => a - b,
    Mul: (a, b) => a * b,
    Max: Math.max,
  };
