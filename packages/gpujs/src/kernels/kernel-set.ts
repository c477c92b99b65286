import { BackendError } from '@cf/core';
import type { GPU, Input, Texture } from 'gpu.js';
import { matrixInput } from '../matrix-input.ts';
import { uploadKernel } from './dense-kernels.ts';
import type { KernelSource, Sizes } from './kernel-source.ts';
import { openKernel, type RawKernel } from './open-kernel.ts';
import { runKernel } from './run-kernel.ts';

/** What a kernel takes and yields: an array or matrix here, or a handle to one on the device. */
export type KernelValue = Float32Array | Float32Array[] | Float32Array[][] | Input | Texture;

/** Modes whose results live in a memory of their own; in the others, arrays are passed on as they are. */
const DEVICE_MODES: readonly string[] = ['webgl', 'webgl2', 'headlessgl', 'webgpu'];

/** Compiles kernels for the sizes that they meet, keeps them, and destroys them together. */
export class KernelSet {
  readonly #gpu: GPU;
  readonly #mode: string;
  readonly #compiled: Map<string, RawKernel> = new Map();
  #disposed = false;

  constructor(gpu: GPU, mode: string) {
    this.#gpu = gpu;
    this.#mode = mode;
  }

  /** Number of kernels compiled so far and not destroyed. */
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
    const kernel = this.#kernel(source, sizes);
    return (await runKernel(kernel, source.name, this.#mode, args)) as KernelValue;
  }

  /** Brings a row-major matrix onto the device once, for all kernels that read it: [rows, columns]. */
  async upload(values: Float32Array, columns: number): Promise<KernelValue> {
    const input = matrixInput(values, columns);
    if (!this.onDevice) return input;
    return this.run(uploadKernel, { rows: values.length / columns, columns }, [input]);
  }

  /** Destroys the kernels; the set must not be used again. */
  dispose(): void {
    this.#disposed = true;
    for (const kernel of this.#compiled.values()) kernel.destroy();
    this.#compiled.clear();
  }

  #kernel(source: KernelSource, sizes: Sizes): RawKernel {
    // By text: a head may run kernels of two losses under one name.
    const key = `${Object.values(sizes).join(' ')} ${source.text}`;
    const existing = this.#compiled.get(key);
    if (existing !== undefined) return existing;
    const kernel = openKernel(this.#gpu, source, sizes, { pipeline: true });
    this.#compiled.set(key, kernel);
    return kernel;
  }
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
