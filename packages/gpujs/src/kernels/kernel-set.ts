import { BackendError } from '@cf/core';
import type { GPU, Input, Texture } from 'gpu.js';
import { matrixInput } from '../matrix-input.ts';
import { uploadKernel } from './dense-kernels.ts';
import type { IdleKernels } from './idle-kernels.ts';
import type { KernelSource, Sizes } from './kernel-source.ts';
import { openKernel, type RawKernel } from './open-kernel.ts';
import { runKernel } from './run-kernel.ts';

/** What a kernel takes and yields: an array or matrix here, or a handle to one on the device. */
export type KernelValue = Float32Array | Float32Array[] | Float32Array[][] | Input | Texture;

/** Modes whose results live in a memory of their own; in the others, arrays are passed on as they are. */
const DEVICE_MODES: readonly string[] = ['webgl', 'webgl2', 'headlessgl', 'webgpu'];

/** A kernel, and how many numbers its result has. */
interface CompiledKernel {
  readonly kernel: RawKernel;
  readonly numbers: number;
}

/** Compiles kernels for the sizes that they meet, keeps them, and gives them up together. */
export class KernelSet {
  readonly #gpu: GPU;
  readonly #mode: string;
  readonly #idle: IdleKernels | undefined;
  readonly #compiled: Map<string, CompiledKernel> = new Map();
  #disposed = false;

  /** @param idle where kernels are looked for, and where they go in the end; none: they are destroyed. */
  constructor(gpu: GPU, mode: string, idle?: IdleKernels) {
    this.#gpu = gpu;
    this.#mode = mode;
    this.#idle = idle;
  }

  /** Number of kernels in use. */
  get size(): number {
    return this.#compiled.size;
  }

  /** Whether results live in a memory of their own. */
  get onDevice(): boolean {
    return DEVICE_MODES.includes(this.#mode);
  }

  /**
   * Runs a kernel. Its result stays on the device until it is {@link read}, and is freed with {@link release}.
   *
   * @throws BackendError if the set was disposed, or if gpu.js could not run the kernel in the mode asked for.
   */
  async run(source: KernelSource, sizes: Sizes, args: readonly KernelValue[]): Promise<KernelValue> {
    if (this.#disposed)
      throw new BackendError('a disposed head', 'a head in use', 'create another head of this backend.');
    // By text: a head may run kernels of two losses under one name.
    const key = `${Object.values(sizes).join(' ')} ${args.map(shapeOf).join(' ')} ${source.text}`;
    const { kernel } = this.#kernel(key, source, sizes);
    try {
      return (await runKernel(kernel, source.name, this.#mode, args)) as KernelValue;
    } catch (error) {
      this.#compiled.delete(key);
      kernel.destroy();
      throw error;
    }
  }

  /** Brings a row-major matrix onto the device once, for all kernels that read it: [rows, columns]. */
  async upload(values: Float32Array, columns: number): Promise<KernelValue> {
    const input = matrixInput(values, columns);
    if (!this.onDevice) return input;
    return this.run(uploadKernel, { rows: values.length / columns, columns }, [input]);
  }

  /** Gives up the kernels; the set must not be used again. */
  dispose(): void {
    this.#disposed = true;
    for (const [key, { kernel, numbers }] of this.#compiled) {
      if (this.#idle === undefined) kernel.destroy();
      else this.#idle.put(key, kernel, numbers);
    }
    this.#compiled.clear();
  }

  #kernel(key: string, source: KernelSource, sizes: Sizes): CompiledKernel {
    const existing = this.#compiled.get(key);
    if (existing !== undefined) return existing;
    const kernel = this.#idle?.take(key) ?? openKernel(this.#gpu, source, sizes, { pipeline: true });
    const numbers = source.output(sizes).reduce((product, size) => product * size, 1);
    const compiled = { kernel, numbers };
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

/** What gpu.js compiles into a kernel of an argument: its kind and its lengths. */
function shapeOf(value: KernelValue): string {
  if (!Array.isArray(value)) {
    const { size, length } = value as { readonly size?: ArrayLike<number>; readonly length?: number };
    return `${value.constructor.name} ${size === undefined ? length : Array.from(size).join('×')}`;
  }
  return `${value.length} of ${shapeOf(value[0]!)}`;
}

/** The numbers of a kernel's result: a row, or one row after another. */
export async function read(value: KernelValue): Promise<Float32Array | Float32Array[] | Float32Array[][]> {
  if ('toArray' in value && typeof value.toArray === 'function')
    return (await value.toArray()) as Float32Array;
  return value as Float32Array;
}

/** Frees a result that lives on the device; arrays need nothing. */
export function release(value: KernelValue | undefined): void {
  if (value !== undefined && 'delete' in value && typeof value.delete === 'function') value.delete();
}

/** Runs kernels whose results are freed once `use` is done with them. */
export async function scratch<T>(set: KernelSet, use: (run: KernelSet['run']) => Promise<T>): Promise<T> {
  const made: KernelValue[] = [];
  try {
    return await use(async (...args) => {
      const value = await set.run(...args);
      made.push(value);
      return value;
    });
  } finally {
    made.forEach(release);
  }
}

/** Makes something of a result, which is freed if that fails. */
export async function releaseOnError<T>(value: KernelValue, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    release(value);
    throw error;
  }
}
