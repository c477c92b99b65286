import { BackendError } from '@cf/core';
import type { GPU, Input, Texture } from 'gpu.js';
import type { KernelOutput, KernelSource, TileShape } from './kernel-source.ts';

/** What a kernel takes and yields: an array or matrix here, or a handle to one on the device. */
export type KernelValue = Float32Array | Float32Array[] | Input | Texture;

/** A kernel of gpu.js under its async contract, as used here. */
interface CompiledKernel {
  (...args: readonly KernelValue[]): Promise<KernelValue>;
  readonly fallbackReason: string | null;
  /** The kernel underneath. */
  readonly kernel: unknown;
  destroy(removeCanvasReferences?: boolean): void;
}

/** Compiles kernels for the shapes that they meet, keeps them, and destroys them together. */
export class KernelSet {
  readonly #gpu: GPU;
  readonly #mode: string;
  readonly #compiled: Map<string, CompiledKernel> = new Map();
  #disposed = false;

  constructor(gpu: GPU, mode: string) {
    this.#gpu = gpu;
    this.#mode = mode;
  }

  /** Number of kernels compiled so far and not destroyed. */
  get size(): number {
    return this.#compiled.size;
  }

  /**
   * Runs a kernel.
   *
   * @throws BackendError if the set was disposed, or if gpu.js ran the kernel in another mode than was asked for.
   */
  async run(source: KernelSource, shape: TileShape, args: readonly KernelValue[]): Promise<KernelValue> {
    if (this.#disposed)
      throw new BackendError('a disposed head', 'a head in use', 'create another head of this backend.');
    const kernel = this.#kernel(source, shape);
    const result = await kernel(...args);
    if (kernel.fallbackReason) {
      throw new BackendError(
        `kernel '${source.name}' in mode '${this.#mode}' (${kernel.fallbackReason})`,
        'a kernel that this mode can run',
        "use mode 'cpu'.",
      );
    }
    return result;
  }

  /** Runs a kernel with one number a row (a sample, a class). */
  async vector(source: KernelSource, shape: TileShape, args: readonly KernelValue[]): Promise<Float32Array> {
    return (await this.run(source, shape, args)) as Float32Array;
  }

  /** Runs a kernel that yields a matrix: one array a row. */
  async matrix(
    source: KernelSource,
    shape: TileShape,
    args: readonly KernelValue[],
  ): Promise<Float32Array[]> {
    return (await this.run(source, shape, args)) as Float32Array[];
  }

  /** Destroys the kernels; the set must not be used again. */
  dispose(): void {
    this.#disposed = true;
    for (const kernel of this.#compiled.values()) {
      kernel.destroy();
      this.#forget(kernel);
    }
    this.#compiled.clear();
  }

  /** Some modes leave a destroyed kernel in gpu.js's own list, which would grow with every head. */
  #forget(kernel: CompiledKernel): void {
    const { kernels } = this.#gpu as unknown as { readonly kernels?: unknown[] };
    const at = kernels?.findIndex((held) => held === kernel || held === kernel.kernel) ?? -1;
    if (at >= 0) kernels!.splice(at, 1);
  }

  #kernel(source: KernelSource, shape: TileShape): CompiledKernel {
    const key = `${source.name} ${shape.batch} ${shape.classes} ${shape.dim}`;
    const existing = this.#compiled.get(key);
    if (existing !== undefined) return existing;
    const kernel = this.#gpu.createKernel(source.text, {
      output: outputSize(source.output, shape),
      constants: { ...shape },
      constantTypes: { batch: 'Integer', classes: 'Integer', dim: 'Integer' },
      precision: 'single',
      asyncMode: true,
      pipeline: source.resident,
      // Results stay valid when the kernel runs again.
      immutable: true,
    }) as unknown as CompiledKernel;
    this.#compiled.set(key, kernel);
    return kernel;
  }
}

/** Frees a result that lives on the device; arrays need nothing. */
export function release(value: KernelValue | undefined): void {
  if (value !== undefined && 'delete' in value && typeof value.delete === 'function') value.delete();
}

/** In gpu.js's order: columns first. */
function outputSize(output: KernelOutput, { batch, classes, dim }: TileShape): number[] {
  switch (output) {
    case 'batch':
      return [batch];
    case 'classes':
      return [classes];
    case 'batch × classes':
      return [classes, batch];
    case 'batch × dim':
      return [dim, batch];
    case 'classes × dim':
      return [dim, classes];
  }
}
