import { ShapeMismatchError } from '../../errors/errors.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { requireFiniteTensor } from '../check-input.ts';
import type { FloatArray, GradientTaker, HeadOutput } from '../contract.ts';
import { dotProduct } from '../dot-product.ts';
import { NO_TARGET } from './target-points.ts';

/** What of a batch says which rows wait for their targets. */
export interface RowsOfBatch {
  readonly loss: Pick<MarginLoss, 'geometry'>;
  readonly dim: number;
  /** Rows of W: C·K. */
  readonly count: number;
  /** The row of each sample's own class, or −1: [B]. */
  readonly targets: Int32Array;
  readonly checkFinite: boolean;
}

/**
 * ∂L/∂W on its way from the passes to who takes it. The passes find what negatives contribute and forget it tile by tile; the
 * rows of the samples' own classes, at most B, wait here until the targets' share is added, as it is to a whole matrix: after
 * the negatives', sample by sample, so with the same bits.
 */
export class GradientRowStream {
  readonly #batch: RowsOfBatch;
  readonly #taker: GradientTaker;
  /** Rows that wait, in rising order, and where each lies in `#waiting`. */
  readonly #own: Int32Array;
  readonly #places: ReadonlyMap<number, number>;
  #waiting: FloatArray = new Float64Array(0);
  #seen = 0;
  /** Σ of all squares so far, while the norm is wanted and not known. */
  #squares: number | undefined;

  constructor(batch: RowsOfBatch, taker: GradientTaker) {
    this.#batch = batch;
    this.#taker = taker;
    const own = new Set(batch.targets);
    own.delete(NO_TARGET);
    this.#own = Int32Array.from(own).sort();
    this.#places = new Map(Array.from(this.#own, (row, at) => [row, at]));
    this.#squares = taker.begin === undefined ? undefined : 0;
  }

  /** Whether the passes have handed over anything. */
  get isUsed(): boolean {
    return this.#seen > 0;
  }

  /** Takes what the negatives contribute to rows from `first` on. @param values [n, d] */
  readonly take = (first: number, values: FloatArray): void => {
    const { dim } = this.#batch;
    const end = first + values.length / dim;
    this.#seen += values.length / dim;
    let from = first;
    const hand = (to: number): void => {
      if (to > from) this.#hand(from, values.subarray((from - first) * dim, (to - first) * dim));
      from = to + 1;
    };
    for (let at = lowerBound(this.#own, first); at < this.#own.length && this.#own[at]! < end; at++) {
      const row = this.#own[at]!;
      this.#wait(at, values.subarray((row - first) * dim, (row - first + 1) * dim));
      hand(row);
    }
    hand(end);
  };

  /** Where the row of a class center that waits lies: an array, and the first of d places in it. */
  waiting(row: number): readonly [FloatArray, number] {
    return [this.#waiting, this.#places.get(row)! * this.#batch.dim];
  }

  /** Σ of the squares of all rows, those that wait among them. */
  squares(): number {
    return this.#squares! + sumOfSquares(this.#waiting);
  }

  /** From here on rows are taken, all of them anew. */
  begin(norm: number): void {
    this.#squares = undefined;
    this.#seen = 0;
    this.#taker.begin!(norm);
  }

  /** Hands over what has waited. @throws ShapeMismatchError unless the passes have handed over each row once */
  finish(): void {
    const { count, dim } = this.#batch;
    if (this.#seen !== count)
      throw new ShapeMismatchError(`${this.#seen} rows of ∂L/∂W`, `${count}, each row once`);
    this.#own.forEach((row, at) => {
      this.#hand(row, this.#waiting.subarray(at * dim, (at + 1) * dim));
    });
  }

  #wait(at: number, values: FloatArray): void {
    const length = this.#own.length * this.#batch.dim;
    if (this.#waiting.length !== length)
      this.#waiting = values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
    this.#waiting.set(values, at * this.#batch.dim);
  }

  #hand(first: number, values: FloatArray): void {
    const { loss, checkFinite } = this.#batch;
    // On the sphere ∂w_j is at most B·s·|N′|/‖w_j‖, which float32 always holds.
    if (checkFinite && loss.geometry !== 'cosine') requireFiniteTensor('gradWeights', values);
    if (this.#squares === undefined) this.#taker.take({ first, values });
    else this.#squares += sumOfSquares(values);
  }
}

/**
 * An output whose ∂L/∂W is there as a whole, once somebody has taken that.
 *
 * @param norm ‖∂L/∂W‖ over the classes of all shards. Default: these are all
 */
export function handOver(output: HeadOutput, taker: GradientTaker, norm?: number): HeadOutput {
  const { gradWeights } = output;
  taker.begin?.(norm ?? Math.sqrt(sumOfSquares(gradWeights)));
  taker.take({ first: 0, values: gradWeights });
  return { ...output, gradWeights: gradWeights.subarray(0, 0) };
}

/** Σ of the squares of an array. */
export function sumOfSquares(values: FloatArray): number {
  return dotProduct(values, values);
}

/** The first place of a rising list whose number is not below `value`. */
export function lowerBound(list: Int32Array, value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
