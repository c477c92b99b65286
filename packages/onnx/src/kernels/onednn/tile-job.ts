import type { RunTile } from '../../head/sweep-threads.ts';
import type { OneDnnApi } from './api.ts';
import type { ForeignFunctions } from './foreign-functions.ts';
import { libraryCalls } from './library-calls.ts';
import { type Matrix, type Multiply, matrixProduct } from './matrix-product.ts';
import { oneDnnApi } from './one-dnn-api.ts';
import { type Address, type RowArithmetic, rowArithmetic } from './row-arithmetic.ts';

/** Work on the rows of a tile, whose blocks threads share. Addresses are 0 where there is nothing. */
export interface TileJob {
  readonly isBackward: boolean;
  readonly batch: number;
  readonly dim: number;
  readonly rows: number;
  /** W and ∂W: [rows, d]. */
  readonly weights: Address;
  readonly gradient: Address;
  /** Products, or slopes: [B, rows]. */
  readonly pairs: Address;
  /** Forward x̂ or x, backward factor_i·x_i: [B, d]. */
  readonly x: Address;
  /** ‖w‖, which is written: [rows]. */
  readonly norms: Address;
  /** 1/‖w‖ and then −1/‖w‖, where gradients are made tangential by them: [2, rows]. */
  readonly inverse: Address;
  /** What multiple of a row makes its gradient tangential: [rows]. */
  readonly pull: Address;
  /** Whether products are added to what is there. */
  readonly isAdded: boolean;
}

/** The numbers of a job, in the order in which threads read them. */
const JOB_FIELDS = [
  ...['isBackward', 'batch', 'dim', 'rows', 'weights', 'gradient', 'pairs', 'x', 'norms'],
  ...['inverse', 'pull', 'isAdded'],
] as readonly (keyof TileJob)[];

/** The numbers of a job: its fields, and where each thread adds to ∂X. */
export function numbersOf(job: TileJob, sums: readonly Address[]): number[] {
  return [...JOB_FIELDS.map((field) => Number(job[field])), ...sums];
}

/** What a thread of a head runs. */
export function openTileWork(koffi: ForeignFunctions, library: string): RunTile {
  // What was loaded once is the same library. Its errors end the thread, whoever they are told to.
  const loaded = { path: library, library: koffi.load(library) };
  const work = new TileWork(oneDnnApi(libraryCalls(koffi, loaded, (given) => new Error(given))));
  return (numbers, thread, threads) => {
    const fields = JOB_FIELDS.map((field, i) => [field, numbers[i]!]);
    const job = Object.fromEntries(fields) as unknown as TileJob;
    work.run(job, thread, threads, numbers[JOB_FIELDS.length + thread]!);
  };
}

/** Rows and gradients of a block may take so many bytes each: half a processor's cache of 1 or 2 MiB. */
const BLOCK_BYTES = 2 ** 20;
/** Fewer rows make products slow. */
const LEAST_ROWS = 64;
const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Sizes of blocks that arithmetic is kept for: two of each kind of tile. */
const MOST_SIZES = 8;

/** One thread's part in jobs. */
export class TileWork {
  readonly #api: OneDnnApi;
  readonly #multiply: Multiply;
  readonly #arithmetic: Map<string, RowArithmetic> = new Map();

  constructor(api: OneDnnApi) {
    this.#api = api;
    this.#multiply = matrixProduct(api);
    api.library.setThreads(1);
  }

  /**
   * Every block of a job whose turn is this thread's: the same ones each time, so that sums come out with the same bits.
   *
   * @param sums where this thread adds Σ_j slope_ij·w_j: [B, d]; 0 where nobody wants it
   */
  run(job: TileJob, thread: number, threads: number, sums: Address): void {
    this.#api.library.undisturbed(() => {
      const { rows, dim } = job;
      const most = Math.max(LEAST_ROWS, Math.floor(BLOCK_BYTES / (BYTES * dim)));
      const size = Math.ceil(rows / (threads * Math.ceil(rows / (threads * most))));
      for (let start = thread * size; start < rows; start += threads * size)
        (job.isBackward ? this.#backward : this.#forward).call(
          this,
          job,
          start,
          Math.min(size, rows - start),
          sums,
        );
    });
  }

  release(): void {
    for (const arithmetic of this.#arithmetic.values()) arithmetic.release();
    this.#arithmetic.clear();
  }

  #forward(job: TileJob, start: number, count: number): void {
    const { batch, dim, rows, isAdded } = job;
    const weights = job.weights + BYTES * start * dim;
    this.#multiply({
      size: [batch, count, dim],
      a: { at: job.x, stride: dim },
      b: { at: weights, stride: dim, isTransposed: true },
      result: { at: job.pairs + BYTES * start, stride: rows },
      isAdded,
    });
    this.#of(count, dim).norms(weights, job.norms + BYTES * start);
  }

  #backward(job: TileJob, start: number, count: number, sums: Address): void {
    const { batch, dim, rows } = job;
    const [weights, gradient] = [job.weights, job.gradient].map((at) => at + BYTES * start * dim) as [
      Address,
      Address,
    ];
    const slopes: Matrix = { at: job.pairs + BYTES * start, stride: rows };
    if (sums !== 0)
      this.#multiply({
        size: [batch, dim, count],
        a: slopes,
        b: { at: weights, stride: dim },
        result: { at: sums, stride: dim },
        isAdded: true,
      });
    if (job.pull !== 0) this.#of(count, dim).scaled(weights, job.pull + BYTES * start, gradient);
    this.#multiply({
      size: [count, dim, batch],
      a: { ...slopes, isTransposed: true },
      b: { at: job.x, stride: dim },
      result: { at: gradient, stride: dim },
      isAdded: job.pull !== 0,
    });
    const inverse = job.inverse + BYTES * start;
    if (job.inverse !== 0)
      this.#of(count, dim).makeTangential(gradient, weights, inverse, inverse + BYTES * rows);
  }

  #of(rows: number, dim: number): RowArithmetic {
    const key = `${rows}×${dim}`;
    let found = this.#arithmetic.get(key);
    if (found === undefined) {
      if (this.#arithmetic.size >= MOST_SIZES) this.release();
      found = rowArithmetic(this.#api, rows, dim);
      this.#arithmetic.set(key, found);
    }
    return found;
  }
}
