import { NORM_FLOOR } from '@cf/core';
import { biasInProduct } from '../../formula/negatives-formula.ts';
import type {
  BackwardTile,
  ForwardTile,
  HeadProducts,
  ProductsPlan,
  TileProducts,
} from '../../head/tile-products.ts';
import type { OneDnnApi } from './api.ts';
import type { OneDnnOptions } from './one-dnn-kernels.ts';
import { openOneDnn } from './open-one-dnn.ts';
import { type RowArithmetic, rowArithmetic } from './row-arithmetic.ts';

/**
 * The products of a head on oneDNN, whose threads look for the next call before they sleep: a graph of onnxruntime wakes
 * its own for every tile. What is O(n·d) follows its product block by block, while the rows are near the processor.
 *
 * @throws BackendError where there is no oneDNN of a version that is known
 */
export function oneDnnHeadProducts({ koffi, library }: OneDnnOptions): HeadProducts {
  const api = openOneDnn(koffi, library);
  const { major, minor, patch } = api.library.version;
  const multiply = product(api);
  return {
    name: `oneDNN ${major}.${minor}.${patch}`,
    takesSharedMemory: api.library.undisturbed(() => takesSharedMemory(multiply)),
    open: (plan) => new OneDnnTileProducts(api, multiply, plan),
  };
}

/** Rows of a block: 256 rows of 512 numbers, their gradient and what is computed of them fit a cache of 1 MiB and a half. */
const BLOCK = 256;

/** How long other work of the process may wait, in milliseconds. */
const PATIENCE = 50;

/** A matrix in memory, row-major. */
interface Matrix {
  readonly data: Float32Array;
  /** Numbers from one row to the next. */
  readonly stride: number;
  readonly isTransposed?: boolean;
}

interface Product {
  /** [m, k]·[k, n] is added to the result, or written there. */
  readonly size: readonly [m: number, n: number, k: number];
  readonly a: Matrix;
  readonly b: Matrix;
  readonly result: Omit<Matrix, 'isTransposed'>;
  readonly isAdded?: boolean;
}

type Multiply = (product: Product) => void;

const PLAIN = 'N'.charCodeAt(0);
const TRANSPOSED = 'T'.charCodeAt(0);

function product({ library }: OneDnnApi): Multiply {
  const gemm = library.checked(
    'int dnnl_sgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, void *a, int64_t lda, void *b, int64_t ldb, float beta, void *c, int64_t ldc)',
  );
  const form = ({ isTransposed }: Matrix): number => (isTransposed ? TRANSPOSED : PLAIN);
  return ({ size: [m, n, k], a, b, result, isAdded }) =>
    gemm(
      ...[form(a), form(b), m, n, k, 1],
      ...[a.data, a.stride, b.data, b.stride],
      ...[isAdded ? 1 : 0, result.data, result.stride],
    );
}

/** The interface for native modules of Node 20 refuses memory that threads share. */
function takesSharedMemory(multiply: Multiply): boolean {
  const data = new Float32Array(new SharedArrayBuffer(2 * Float32Array.BYTES_PER_ELEMENT));
  data[0] = 3;
  const one = { data: data.subarray(0, 1), stride: 1 };
  try {
    multiply({ size: [1, 1, 1], a: one, b: one, result: { data: data.subarray(1), stride: 1 } });
    return data[1] === 9;
  } catch {
    return false;
  }
}

class OneDnnTileProducts implements TileProducts {
  readonly #api: OneDnnApi;
  readonly #multiply: Multiply;
  readonly #plan: ProductsPlan;
  readonly #arithmetic: Map<number, RowArithmetic> = new Map();
  /** d of what is in there. */
  #dim = 0;
  readonly #column: Float32Array = new Float32Array(BLOCK);
  #since = 0;

  constructor(api: OneDnnApi, multiply: Multiply, plan: ProductsPlan) {
    this.#api = api;
    this.#multiply = multiply;
    this.#plan = plan;
  }

  forward(tile: ForwardTile): void | Promise<void> {
    this.#api.library.undisturbed(() => this.#forward(tile));
    return this.#rest();
  }

  #forward({ x, weights, norms, bias, products }: ForwardTile): void {
    const rows = norms.length;
    const [batch, dim] = [products.length / rows, weights.length / rows];
    this.#api.library.setThreads(this.#plan.threads);
    if (bias !== undefined) for (let i = 0; i < batch; i++) products.set(bias, i * rows);
    this.#multiply({
      size: [batch, rows, dim],
      a: { data: x, stride: dim },
      b: { data: weights, stride: dim, isTransposed: true },
      result: { data: products, stride: rows },
      isAdded: bias !== undefined,
    });
    for (const { start, count, ofMatrix } of blocks(rows, dim)) {
      const block = ofMatrix(weights);
      const squares = norms.subarray(start, start + count);
      this.#of(count, dim).dots(block, block, squares);
      for (let j = 0; j < count; j++) squares[j] = Math.sqrt(squares[j]!);
    }
  }

  backward(tile: BackwardTile): void | Promise<void> {
    this.#api.library.undisturbed(() => this.#backward(tile));
    return this.#rest();
  }

  #backward(tile: BackwardTile): void {
    const { weights, norms, slopes, gradient, sums, gradBias } = tile;
    const rows = norms.length;
    const [batch, dim] = [slopes.length / rows, weights.length / rows];
    this.#api.library.setThreads(this.#plan.threads);
    for (const { start, count, ofMatrix } of blocks(rows, dim)) {
      const block = ofMatrix(weights);
      const ofSlopes = { data: slopes.subarray(start), stride: rows };
      this.#multiply({
        size: [batch, dim, count],
        a: ofSlopes,
        b: { data: block, stride: dim },
        result: { data: sums.before, stride: dim },
        isAdded: true,
      });
      const ofGradient = ofMatrix(gradient);
      const pull = tile.pull?.subarray(start, start + count);
      if (pull !== undefined) this.#of(count, dim).scaled(block, pull, ofGradient);
      this.#multiply({
        size: [count, dim, batch],
        a: { ...ofSlopes, isTransposed: true },
        b: { data: sums.x, stride: dim },
        result: { data: ofGradient, stride: dim },
        isAdded: pull !== undefined,
      });
      if (pull === undefined && this.#plan.loss.geometry !== 'inner')
        this.#makeTangential(block, ofGradient, norms.subarray(start, start + count));
    }
    if (gradBias !== undefined && biasInProduct(this.#plan.loss)) this.#addUpBias(tile, gradBias);
  }

  dispose(): void {
    for (const arithmetic of this.#arithmetic.values()) arithmetic.release();
    this.#arithmetic.clear();
  }

  /** ∂w − (∂w·ŵ)·ŵ, row by row. */
  #makeTangential(weights: Float32Array, gradient: Float32Array, norms: Float32Array): void {
    const count = norms.length;
    const arithmetic = this.#of(count, weights.length / count);
    const along = this.#column.subarray(0, count);
    arithmetic.dots(gradient, weights, along);
    for (let j = 0; j < count; j++) {
      // Twice, not squared: the square of the inverse of a short vector overflows.
      const inverse = norms[j]! > NORM_FLOOR ? 1 / norms[j]! : 0;
      along[j] = -(along[j]! * inverse) * inverse;
    }
    arithmetic.add(gradient, weights, along);
  }

  /** Σ_i factor_i·slope_ij. A class has one bias, whichever of its centers is the nearest. */
  #addUpBias({ slopes, norms, sums: { factor } }: BackwardTile, gradBias: Float32Array): void {
    const { subCenters } = this.#plan;
    const rows = norms.length;
    const ofRows = subCenters === 1 ? gradBias : new Float32Array(rows);
    this.#multiply({
      size: [1, rows, factor.length],
      a: { data: factor, stride: factor.length },
      b: { data: slopes, stride: rows },
      result: { data: ofRows, stride: rows },
    });
    if (subCenters === 1) return;
    gradBias.fill(0);
    for (let j = 0; j < rows; j++) gradBias[Math.floor(j / subCenters)]! += ofRows[j]!;
  }

  /** Arithmetic on blocks of so many rows; made once for whole blocks, and for what the last tile leaves. */
  #of(rows: number, dim: number): RowArithmetic {
    if (this.#dim !== dim || this.#arithmetic.size > MOST_SIZES) this.dispose();
    this.#dim = dim;
    const found = this.#arithmetic.get(rows) ?? rowArithmetic(this.#api, rows, dim);
    this.#arithmetic.set(rows, found);
    return found;
  }

  /** Other work of the process goes on in between. */
  #rest(): void | Promise<void> {
    const now = performance.now();
    // A step that begins has not been here for a while, and need not wait either.
    if (this.#since === 0 || now - this.#since > 20 * PATIENCE) this.#since = now;
    if (now - this.#since < PATIENCE) return;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#since = performance.now();
        resolve();
      });
    });
  }
}

const MOST_SIZES = 8;

interface Block {
  readonly start: number;
  readonly count: number;
  /** Its rows of a matrix. */
  readonly ofMatrix: (matrix: Float32Array) => Float32Array;
}

function* blocks(rows: number, dim: number): Generator<Block> {
  for (let start = 0; start < rows; start += BLOCK) {
    const count = Math.min(BLOCK, rows - start);
    yield { start, count, ofMatrix: (matrix) => matrix.subarray(start * dim, (start + count) * dim) };
  }
}
