import { StateMismatchError } from '@cf/core';
import { sizeOf } from '../model/dims.ts';
import type { TensorData } from '../model/tensor.ts';
import type { OnnxRuntime, RuntimeTensor } from '../runtime/onnx-runtime.ts';
import type { Tensors } from './runner.ts';

/** Name and shape of a float32 tensor. */
export interface TensorShape {
  readonly name: string;
  readonly dims: readonly number[];
}

/** Named float32 tensors in two sets: one is read while the other is written, then they change places. */
export class TensorStore {
  readonly #what: string;
  readonly #shapes: readonly TensorShape[];
  #current: Map<string, RuntimeTensor>;
  #other: Map<string, RuntimeTensor>;

  /** All zeros. @param what one of them in a message */
  constructor(runtime: OnnxRuntime, what: string, shapes: readonly TensorShape[]) {
    this.#what = what;
    const allocate = (): Map<string, RuntimeTensor> =>
      new Map(shapes.map(({ name, dims }) => [name, zeros(runtime, dims)]));
    this.#shapes = shapes;
    this.#current = allocate();
    this.#other = allocate();
  }

  /** The set to read. */
  get current(): Tensors {
    return this.#current;
  }

  /** The other set: shaped alike, of numbers that nobody reads any more. */
  get spare(): Tensors {
    return this.#other;
  }

  /** The set to write, under the names that a graph gives its outputs. */
  targets(outputOf: (name: string) => string): Tensors {
    return new Map([...this.#other].map(([name, tensor]) => [outputOf(name), tensor]));
  }

  /** Takes what was written for the current set. */
  advance(results: Tensors, outputOf: (name: string) => string): void {
    const written = new Map(this.#shapes.map(({ name }) => [name, results.get(outputOf(name))!]));
    this.#other = this.#current;
    this.#current = written;
  }

  /** Copies of the current values. */
  read(): Map<string, TensorData> {
    return new Map([...this.#current].map(([name, tensor]) => [name, copyOf(tensor)]));
  }

  /**
   * Copies values in; those that are left out stay.
   *
   * @throws StateMismatchError if a name or a shape is not one of these; nothing is changed then
   */
  write(values: ReadonlyMap<string, TensorData>): void {
    this.check(values);
    for (const [name, { data }] of values) floats(this.#current.get(name)!).set(data as Float32Array);
  }

  /** Throws what `write` would. */
  check(values: ReadonlyMap<string, TensorData>): void {
    for (const [name, { type, dims, data }] of values) {
      const shape = this.#shapes.find((candidate) => candidate.name === name);
      const fits = type === 'float32' && data.length === sizeOf(dims) && `${dims}` === `${shape?.dims}`;
      if (shape !== undefined && fits) continue;
      throw new StateMismatchError(
        `${this.#what} '${name}', ${type} [${dims.join(', ')}]`,
        shape === undefined
          ? `one of the ${this.#shapes.length} of this session`
          : `float32 [${shape.dims.join(', ')}]`,
        'load a state that was saved with the same model and options.',
      );
    }
  }
}

/** The numbers of a float32 tensor, in place. */
export function floats(tensor: RuntimeTensor): Float32Array {
  return tensor.data as Float32Array;
}

/** The numbers of a float32 tensor, as a copy. */
export function copyOf(tensor: RuntimeTensor): TensorData {
  return { type: 'float32', dims: tensor.dims, data: floats(tensor).slice() };
}

/** A float32 tensor of zeros. */
export function zeros(runtime: OnnxRuntime, dims: readonly number[]): RuntimeTensor {
  return new runtime.Tensor('float32', new Float32Array(sizeOf(dims)), dims);
}
