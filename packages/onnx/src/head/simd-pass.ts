import { BackendError, type MarginLoss, NORM_FLOOR, type PreparedBatch } from '@cf/core';
import { sampleValuesRead } from '../formula/negatives-formula.ts';
import type { RuntimeTensor } from '../runtime/onnx-runtime.ts';
import { hasFusedMultiplyAdd } from '../simd/fused-multiply-add.ts';
import { LinearMemory } from '../simd/linear-memory.ts';
import { PARAMETERS, RESULT_COUNT, RESULTS, rowKernel } from '../simd/row-kernel.ts';
import type { PassContext, Tile, TilePass, TileResults } from './tile-pass.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;
const LARGE = 3e38;

type RowFunction = (
  products: number,
  inverse: number,
  count: number,
  parameters: number,
  results: number,
) => void;

type RowFunctions = Readonly<Record<'peak' | 'sums' | 'counted', RowFunction>>;

/** The kernel of one loss and the memory that it works in, kept from step to step. */
export interface SimdKernel {
  readonly linear: LinearMemory;
  /** Sample values that the formula reads. */
  readonly sampleValues: readonly string[];
  readonly functions: RowFunctions;
}

/** Compiles the kernel of a loss. @throws BackendError where WebAssembly has no SIMD */
export async function openSimdKernel(loss: MarginLoss): Promise<SimdKernel> {
  const linear = new LinearMemory();
  try {
    const bytes = rowKernel(loss, hasFusedMultiplyAdd());
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory: linear.memory } });
    return {
      linear,
      sampleValues: sampleValuesRead(loss),
      functions: instance.exports as unknown as RowFunctions,
    };
  } catch (cause) {
    throw new BackendError(
      `WebAssembly without what the kernel of ${loss.name} needs (${cause instanceof Error ? cause.message : String(cause)})`,
      'fixed-width SIMD',
      "open the backend with elementwise: 'graph'.",
      cause,
    );
  }
}

export interface SimdPassContext extends PassContext {
  readonly labels: Int32Array;
  /** x̂, or x: [B, d]. */
  readonly x: RuntimeTensor;
  readonly prepared: PreparedBatch;
}

/**
 * Pass 1 with the products in the runtime and all else in one sweep of WebAssembly, which turns them in place into
 * slopes. A graph of ordinary operators sweeps over them fifteen times.
 */
export class SimdPass implements TilePass {
  readonly #context: SimdPassContext;
  readonly #kernel: SimdKernel;
  readonly #places: readonly number[];
  readonly #inverse: number;
  readonly #parameters: number;
  readonly #results: number;
  /** The class centers whose products lie in the memory, not yet turned into slopes. */
  #products: Float32Array | undefined;
  readonly #columns: Map<number, Float32Array> = new Map();

  constructor(context: SimdPassContext, kernel: SimdKernel) {
    const { plan, batch, prepared } = context;
    this.#context = context;
    this.#kernel = kernel;
    const tiles = Math.min(plan.kept + 1, plan.count);
    const perRow = PARAMETERS.sampleValues + kernel.sampleValues.length;
    const starts = kernel.linear.layout([
      plan.tileSize,
      batch * perRow,
      batch * RESULT_COUNT,
      ...Array.from({ length: tiles }, () => batch * plan.tileSize),
    ]);
    [this.#inverse, this.#parameters, this.#results] = starts as [number, number, number];
    this.#places = starts.slice(3);
    const parameters = kernel.linear.view(this.#parameters, batch * perRow);
    for (let i = 0; i < batch; i++) {
      const at = i * perRow;
      parameters[at + PARAMETERS.logitScale] = prepared.logitScale[i]!;
      parameters[at + PARAMETERS.pivot] = prepared.pivot[i]!;
      kernel.sampleValues.forEach((name, k) => {
        parameters[at + PARAMETERS.sampleValues + k] = prepared.sampleValues[i]![name]!;
      });
    }
  }

  async peaks(tile: Tile): Promise<Float32Array> {
    await this.#multiply(tile);
    this.#sweep(tile, 'peak');
    return this.#column(RESULTS.peak);
  }

  async sums(tile: Tile, shift: Float32Array, { count }: { count: boolean }): Promise<TileResults> {
    const { batch, loss } = this.#context;
    await this.#multiply(tile);
    const perRow = PARAMETERS.sampleValues + this.#kernel.sampleValues.length;
    const parameters = this.#kernel.linear.view(this.#parameters, batch * perRow);
    for (let i = 0; i < batch; i++) {
      parameters[i * perRow + PARAMETERS.shift] = Number.isNaN(shift[i]!) ? 0 : shift[i]!;
    }
    this.#sweep(tile, count ? 'counted' : 'sums');
    this.#products = undefined;
    return {
      sum: this.#column(RESULTS.sum),
      radial: loss.geometry === 'norm-scaled' ? this.#column(RESULTS.radial) : new Float32Array(0),
      counts: count
        ? {
            hard: this.#column(RESULTS.hard).reduce((sum, value) => sum + value, 0),
            emphasised: this.#column(RESULTS.emphasised).reduce((sum, value) => sum + value, 0),
            minSlope: Math.min(...this.#column(RESULTS.minSlope)),
            maxSlope: Math.max(...this.#column(RESULTS.maxSlope)),
          }
        : undefined,
    };
  }

  slopes(index: number, count: number): Float32Array {
    return this.#kernel.linear.view(this.#place(index), this.#context.batch * count);
  }

  #place(index: number): number {
    return this.#places[Math.min(index, this.#places.length - 1)]!;
  }

  /** Fills the tile's place with the products, unless they lie there already. */
  async #multiply(tile: Tile): Promise<void> {
    const weights = tile.weights.data as Float32Array;
    if (this.#products?.buffer === weights.buffer && this.#products.byteOffset === weights.byteOffset) return;
    const { runtime, sessions, loss, batch, x } = this.#context;
    const products = this.slopes(tile.index, tile.count);
    const session = await sessions.products();
    await session.run(
      { x, w: tile.weights, ...(tile.bias === undefined ? {} : { bias: tile.bias }) },
      {
        products: new runtime.Tensor('float32', products, [batch, tile.count]),
        norms: new runtime.Tensor('float32', tile.norms, [tile.count, 1]),
      },
    );
    this.#products = weights;
    if (loss.geometry === 'inner') return;
    const inverse = this.#kernel.linear.view(this.#inverse, tile.count);
    for (let j = 0; j < tile.count; j++) inverse[j] = tile.norms[j]! > NORM_FLOOR ? 1 / tile.norms[j]! : 0;
  }

  /** Runs a function of the kernel over every sample's negatives in a tile. */
  #sweep(tile: Tile, name: keyof RowFunctions): void {
    const { batch, labels } = this.#context;
    const run = this.#kernel.functions[name];
    const results = this.#kernel.linear.view(this.#results, batch * RESULT_COUNT).fill(0);
    const start = this.#place(tile.index);
    const perRow = BYTES * (PARAMETERS.sampleValues + this.#kernel.sampleValues.length);
    for (let i = 0; i < batch; i++) {
      const at = i * RESULT_COUNT;
      results[at + RESULTS.peak] = Number.NEGATIVE_INFINITY;
      results[at + RESULTS.minSlope] = LARGE;
      results[at + RESULTS.maxSlope] = -LARGE;
      const products = start + i * tile.count * BYTES;
      const parameters = this.#parameters + i * perRow;
      const into = this.#results + at * BYTES;
      const own = labels[i]! - tile.start;
      if (own < 0 || own >= tile.count) {
        run(products, this.#inverse, tile.count, parameters, into);
        continue;
      }
      const after = (own + 1) * BYTES;
      run(products, this.#inverse, own, parameters, into);
      run(products + after, this.#inverse + after, tile.count - own - 1, parameters, into);
    }
    if (name !== 'peak') this.#clearOwn(tile);
  }

  #clearOwn(tile: Tile): void {
    const slopes = this.slopes(tile.index, tile.count);
    this.#context.labels.forEach((label, i) => {
      const own = label - tile.start;
      if (own >= 0 && own < tile.count) slopes[i * tile.count + own] = 0;
    });
  }

  #column(which: number): Float32Array {
    const { batch } = this.#context;
    const results = this.#kernel.linear.view(this.#results, batch * RESULT_COUNT);
    const column = this.#columns.get(which) ?? new Float32Array(batch);
    this.#columns.set(which, column);
    for (let i = 0; i < batch; i++) column[i] = results[i * RESULT_COUNT + which]!;
    return column;
  }
}
