import type { FloatArray, GradientRows, GradientTaker } from '@cf/core';
import type { ArrayOptimiser } from './array-optimiser.ts';
import { requireBounded } from './require-bounded.ts';

/** What of a gradient of class centers is too long, and for whom. */
export interface RowClipping {
  /** Each row by itself, or all rows by the length that they have together. */
  readonly by: 'row' | 'norm';
  /** Largest length; a longer one is scaled down to it. */
  readonly limit: number;
}

/** One update of class centers. */
export interface RowUpdate {
  readonly rule: ArrayOptimiser;
  /** W: [C·K, d], moved in place. */
  readonly values: FloatArray;
  /** The rule's numbers, by name: [C·K, d] each, moved in place. */
  readonly optimiser: Readonly<Record<string, FloatArray>>;
  /** d. */
  readonly dim: number;
  readonly learningRate: number;
  /** 1 in the first update. */
  readonly updateNumber: number;
  readonly clipping?: RowClipping | undefined;
  /**
   * Puts rows in their place that have moved, where the arrays are of files and are not to be written to themselves. The arrays
   * are to show them afterwards.
   *
   * @param name of the rule's numbers, or `values` of W
   * @param from the first of their places in the array
   */
  readonly write?: ((name: string, from: number, rows: FloatArray) => void) | undefined;
}

/** Numbers of a gradient that are scaled, used and looked over while they are in the cache. */
const PIECE = 2 ** 16;

/** Beside the norm in the quotient, as in `torch.nn.utils.clip_grad_norm_`. */
const BESIDE_NORM = 1e-6;

/**
 * Moves class centers as their gradients come, some rows at a time or all at once: rows are independent of each other, so the
 * bits are the same. Gradients are scaled down in their own place.
 *
 * @throws DivergedError at a number out of bounds
 */
export function rowUpdate(update: RowUpdate): GradientTaker {
  const { rule, values, optimiser, dim, clipping, learningRate, updateNumber, write } = update;
  // In float32, so that a norm whose sum was taken in another order scales to the same bits.
  let factor = 1;
  const takeSome = (first: number, gradient: FloatArray): void => {
    if (clipping?.by === 'row') clipRows(gradient, dim, clipping.limit);
    if (factor < 1) scale(gradient, factor);
    const from = first * dim;
    const to = from + gradient.length;
    const part = (array: FloatArray): FloatArray =>
      write === undefined ? array.subarray(from, to) : array.slice(from, to);
    const weight = part(values);
    const state = Object.fromEntries(Object.entries(optimiser).map(([name, array]) => [name, part(array)]));
    rule.update({ weight, state, gradient, learningRate, updateNumber });
    requireBounded('class.centers', weight, { from, step: updateNumber, learningRate });
    if (write === undefined) return;
    write('values', from, weight);
    for (const [name, rows] of Object.entries(state)) write(name, from, rows);
  };
  const piece = Math.max(1, Math.floor(PIECE / dim)) * dim;
  const take = ({ first, values }: GradientRows): void => {
    for (let from = 0; from < values.length; from += piece)
      takeSome(first + from / dim, values.subarray(from, Math.min(from + piece, values.length)));
  };
  if (clipping?.by !== 'norm') return { take };
  const begin = (norm: number): void => {
    factor = Math.fround(clipFactor(norm, clipping.limit));
  };
  return { begin, take };
}

function scale(values: FloatArray, factor: number): void {
  for (let k = 0; k < values.length; k++) values[k] = values[k]! * factor;
}

/** What a gradient is multiplied by that may be no longer than the limit. */
function clipFactor(norm: number, limit: number): number {
  return Math.min(1, limit / (norm + BESIDE_NORM));
}

function clipRows(gradient: FloatArray, dim: number, limit: number): void {
  for (let from = 0; from < gradient.length; from += dim) {
    let sum = 0;
    for (let k = from; k < from + dim; k++) sum += gradient[k]! * gradient[k]!;
    const factor = clipFactor(Math.sqrt(sum), limit);
    if (factor < 1) for (let k = from; k < from + dim; k++) gradient[k]! *= factor;
  }
}
