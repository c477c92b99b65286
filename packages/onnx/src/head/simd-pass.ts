import { NORM_FLOOR, negativeSumNames, type PreparedBatch } from '@cf/core';
import {
  biasBesideLogit,
  biasInProduct,
  hasSmoothing,
  sampleValuesRead,
} from '../formula/negatives-formula.ts';
import { parameterCount, resultCount } from '../simd/row-kernel.ts';
import { BYTES, CLASS_STRIDE, CLASSES, ofClass, PARAMETERS, RESULTS } from '../simd/row-layout.ts';
import type { SimdKernel } from './simd-kernel.ts';
import { nearest, type RowProducts, spreadSlopes } from './sub-centers.ts';
import { type KernelFunctions, MOST_PARTS } from './sweep-rows.ts';
import {
  type PassContext,
  type Tile,
  type TilePass,
  type TileRequest,
  type TileResults,
  timedPart,
} from './tile-pass.ts';

const LARGE = 3e38;
const CLASS_NUMBERS = CLASS_STRIDE * Object.keys(CLASSES).length;

export interface SimdPassContext extends PassContext {
  readonly labels: Int32Array;
  /** x̂, or x: [B, d]. */
  readonly x: Float32Array;
  readonly prepared: PreparedBatch;
}

/** First bytes in the memory of the kernel. */
interface Places {
  /** `CLASSES`, once or twice; 1/‖w_j‖ is 1 where the sub-centers' have gone into the cosines. */
  readonly classes: number;
  readonly parameters: number;
  readonly results: number;
  /** Cosines with the nearest sub-centers, and then their slopes: [B, n]. */
  readonly nearest: number;
  /** Products of a tile, and then its slopes: [B, n·K] each. */
  readonly tiles: readonly number[];
}

/**
 * The products in the runtime and all else in one sweep of WebAssembly, which turns them in place into slopes. A graph of
 * ordinary operators sweeps over them fifteen times.
 */
export class SimdPass implements TilePass {
  readonly #context: SimdPassContext;
  readonly #kernel: SimdKernel;
  readonly #places: Places;
  readonly #perSample: number;
  readonly #perResult: number;
  /** How often the rows of the classes are there: twice where threads add to them, each part of the samples in its own. */
  readonly #classRows: number;
  /** 1/‖w‖ of each row of the tile, and which sub-center is the nearest; only where there are some. */
  readonly #inverse: Float32Array;
  readonly #winners: Int32Array;
  /** The class centers whose products lie in the memory, not yet turned into slopes. */
  #products: Float32Array | undefined;
  readonly #columns: Map<number, Float32Array> = new Map();

  constructor(context: SimdPassContext, kernel: SimdKernel) {
    const { plan, batch, loss, subCenters } = context;
    this.#context = context;
    this.#kernel = kernel;
    this.#perSample = parameterCount(loss);
    this.#perResult = resultCount(loss);
    const many = subCenters > 1;
    const adds = loss.objective.kind === 'binary' || hasSmoothing(loss);
    this.#classRows = adds && kernel.threads.count > 1 ? 2 : 1;
    this.#inverse = new Float32Array(many ? plan.tileSize * subCenters : 0);
    this.#winners = new Int32Array(many ? batch * plan.tileSize : 0);
    // While one tile is swept, the slopes of the one before are copied to where they wait.
    const tiles = Math.min(plan.kept + (plan.stored ? 2 : 1), plan.count);
    const starts = kernel.linear.layout([
      this.#classRows * CLASS_NUMBERS,
      batch * this.#perSample,
      batch * this.#perResult,
      this.#winners.length,
      ...Array.from({ length: tiles }, () => batch * plan.tileSize * subCenters),
    ]);
    const [classes, parameters, results, compact] = starts as [number, number, number, number];
    this.#places = { classes, parameters, results, nearest: compact, tiles: starts.slice(4) };
    if (many) for (const inverse of this.#copies('inverse', plan.tileSize)) inverse.fill(1);
    this.#setSamples();
  }

  async peaks(tile: Tile): Promise<Float32Array> {
    await this.#multiply(tile);
    await timedPart(this.#context, 'sweep', () => this.#sweep(tile, 'peak'));
    return this.#column(RESULTS.peak);
  }

  async sums(tile: Tile, request: TileRequest): Promise<TileResults> {
    const { loss, subCenters } = this.#context;
    await this.#multiply(tile);
    this.#setParameter(PARAMETERS.shift, request.shift);
    this.#setParameter(PARAMETERS.share, request.share);
    this.#setParameter(PARAMETERS.dNll, request.dNll);
    this.#setParameter(PARAMETERS.factor, request.factor);
    const along = this.#copies('along', tile.count);
    const gradBias = biasBesideLogit(loss) ? this.#copies('gradBias', tile.count) : [];
    for (const sums of [...along, ...gradBias]) sums.fill(0);
    if (gradBias.length > 0)
      for (const bias of this.#copies('bias', tile.count)) bias.set(tile.bias!.data as Float32Array);
    await timedPart(this.#context, 'sweep', () => this.#sweep(tile, functionFor(request), request.meanwhile));
    this.#clearOwn(tile);
    if (subCenters > 1 && request.keep) this.#spread(tile);
    this.#products = undefined;
    const names = negativeSumNames(loss);
    return {
      sum: loss.objective.kind === 'softmax' ? this.#column(RESULTS.sum) : new Float32Array(0),
      radial: loss.geometry === 'norm-scaled' ? this.#column(RESULTS.radial) : new Float32Array(0),
      sums: Object.fromEntries(names.map((name, at) => [name, this.#column(RESULTS.sums + at)])),
      gradBias: gradBias.length > 0 ? addedUp(gradBias) : undefined,
      along: request.factor && loss.geometry !== 'inner' && subCenters === 1 ? addedUp(along) : undefined,
      counts: request.count
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
    const { batch, subCenters } = this.#context;
    return this.#kernel.linear.view(this.#place(index), batch * count * subCenters);
  }

  #setSamples(): void {
    const { loss, batch, prepared } = this.#context;
    this.#setParameter(PARAMETERS.logitScale, prepared.logitScale);
    this.#setParameter(PARAMETERS.pivot, prepared.pivot);
    for (const [k, name] of sampleValuesRead(loss).entries()) {
      const values = Float32Array.from({ length: batch }, (_, i) => prepared.sampleValues[i]![name]!);
      this.#setParameter(PARAMETERS.sampleValues + k, values);
    }
  }

  /** Gives the kernel a number a sample, 0 where there is none. */
  #setParameter(which: number, values: Float32Array | Float64Array | undefined): void {
    const { batch } = this.#context;
    const parameters = this.#kernel.linear.view(this.#places.parameters, batch * this.#perSample);
    for (let i = 0; i < batch; i++) {
      const value = values?.[i] ?? 0;
      parameters[i * this.#perSample + which] = Number.isNaN(value) ? 0 : value;
    }
  }

  /** A row of what the kernel knows of the classes of a tile, as often as it is there: [n] each. */
  #copies(row: keyof typeof CLASSES, count: number): Float32Array[] {
    return Array.from({ length: this.#classRows }, (_, copy) =>
      this.#kernel.linear.view(this.#places.classes + copy * CLASS_NUMBERS * BYTES + ofClass(row), count),
    );
  }

  #place(index: number): number {
    const { tiles } = this.#places;
    const { kept } = this.#context.plan;
    return tiles[index < kept ? index : kept + ((index - kept) % (tiles.length - kept))]!;
  }

  /** Where the kernel finds cosines, and leaves slopes: [B, n]. */
  #swept(tile: Tile): number {
    return this.#context.subCenters === 1 ? this.#place(tile.index) : this.#places.nearest;
  }

  /** Fills the tile's place with the products, unless they lie there already. */
  async #multiply(tile: Tile): Promise<void> {
    const weights = tile.weights.data as Float32Array;
    if (this.#products?.buffer === weights.buffer && this.#products.byteOffset === weights.byteOffset) return;
    const { loss, x, subCenters } = this.#context;
    const products = this.slopes(tile.index, tile.count);
    const rows = tile.count * subCenters;
    const bias =
      biasInProduct(loss) && subCenters === 1 ? (tile.bias?.data as Float32Array | undefined) : undefined;
    const forward = { x, weights, norms: tile.norms, bias, products };
    await timedPart(this.#context, 'products', () => this.#context.products.forward(forward));
    this.#products = weights;
    if (loss.geometry !== 'inner') {
      const [inverse, ...copies] =
        subCenters === 1 ? this.#copies('inverse', rows) : [this.#inverse.subarray(0, rows)];
      for (let j = 0; j < rows; j++) inverse![j] = tile.norms[j]! > NORM_FLOOR ? 1 / tile.norms[j]! : 0;
      for (const copy of copies) copy.set(inverse!);
    }
    if (subCenters > 1) this.#findNearest(tile, products);
  }

  #rows(tile: Tile, products: Float32Array): RowProducts {
    const { loss, subCenters } = this.#context;
    return {
      products,
      inverse: loss.geometry === 'inner' ? undefined : this.#inverse,
      bias: biasInProduct(loss) ? (tile.bias!.data as Float32Array) : undefined,
      subCenters,
    };
  }

  #findNearest(tile: Tile, products: Float32Array): void {
    const cosines = this.#kernel.linear.view(this.#places.nearest, this.#context.batch * tile.count);
    nearest(this.#rows(tile, products), cosines, this.#winners, tile.count);
  }

  #spread(tile: Tile): void {
    const ofClasses = this.#kernel.linear.view(this.#places.nearest, this.#context.batch * tile.count);
    const slopes = this.slopes(tile.index, tile.count);
    spreadSlopes(ofClasses, this.#winners, this.#rows(tile, slopes), tile.count, slopes);
  }

  /** Runs a function of the kernel over every sample's negatives in a tile. */
  #sweep(tile: Tile, name: keyof KernelFunctions, meanwhile?: () => void): void {
    const { batch, labels } = this.#context;
    const { classes, parameters, results } = this.#places;
    const found = this.#kernel.linear.view(results, batch * this.#perResult).fill(0);
    for (let at = 0; at < found.length; at += this.#perResult) {
      found[at + RESULTS.peak] = Number.NEGATIVE_INFINITY;
      found[at + RESULTS.minSlope] = LARGE;
      found[at + RESULTS.maxSlope] = -LARGE;
    }
    const ofClasses =
      this.#classRows === 1
        ? { parts: Math.min(MOST_PARTS, batch), classesOfPart: 0 }
        : { parts: this.#classRows, classesOfPart: CLASS_NUMBERS * BYTES };
    const job = {
      ...{ products: this.#swept(tile), classes, ...ofClasses, count: tile.count, batch },
      ...{ parameters, perSample: this.#perSample, results, perResult: this.#perResult },
    };
    this.#kernel.threads.run(name, job, (sample) => labels[sample]! - tile.start, meanwhile);
  }

  #clearOwn(tile: Tile): void {
    const { batch, labels } = this.#context;
    const slopes = this.#kernel.linear.view(this.#swept(tile), batch * tile.count);
    labels.forEach((label, i) => {
      const own = label - tile.start;
      if (own >= 0 && own < tile.count) slopes[i * tile.count + own] = 0;
    });
  }

  #column(which: number): Float32Array {
    const { batch } = this.#context;
    const results = this.#kernel.linear.view(this.#places.results, batch * this.#perResult);
    const column = this.#columns.get(which) ?? new Float32Array(batch);
    this.#columns.set(which, column);
    for (let i = 0; i < batch; i++) column[i] = results[i * this.#perResult + which]!;
    return column;
  }
}

/** What the parts of the samples have added up, together: [n]. */
function addedUp([sum, ...others]: readonly Float32Array[]): Float32Array {
  for (const other of others) for (let j = 0; j < other.length; j++) sum![j]! += other[j]!;
  return sum!;
}

function functionFor({ share, count }: TileRequest): keyof KernelFunctions {
  if (share !== undefined) return 'gradients';
  return count ? 'counted' : 'sums';
}
