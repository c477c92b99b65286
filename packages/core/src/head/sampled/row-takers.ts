import type { FloatArray, GradientRows, GradientTaker, HeadInput } from '../contract.ts';
import { eachRun } from './gathered-rows.ts';

/** Hands over rows of W by their places among all. */
export function rowsOfClasses(
  ids: Int32Array,
  subCenters: number,
  dim: number,
  taker: GradientTaker,
): GradientTaker {
  const take = ({ first, values }: GradientRows): void => {
    const rowOf = (row: number): number =>
      ids[Math.floor(row / subCenters)]! * subCenters + (row % subCenters);
    const rows = Int32Array.from({ length: values.length / dim }, (_, k) => rowOf(first + k));
    eachRun(rows, 0, rows.length, (place, row, count) => {
      taker.take({ first: row, values: values.subarray(place * dim, (place + count) * dim) });
    });
  };
  return taker.begin === undefined ? { take } : { begin: (norm) => taker.begin!(norm), take };
}

/** Of two heads, which both tell the norm that they have together, before either hands over a row. */
export function sharedTaker(taker: GradientTaker): GradientTaker {
  if (taker.begin === undefined) return taker;
  let told = false;
  return {
    begin(norm) {
      if (told) return;
      told = true;
      taker.begin!(norm);
    },
    take: (rows) => taker.take(rows),
  };
}

/** ∂L/∂W of all classes, for who takes no rows: 0 where none was drawn. */
export class WholeGradient implements GradientTaker {
  readonly values: FloatArray;
  readonly #dim: number;

  constructor({ weights, gradWeights, dim }: HeadInput) {
    const length = weights.length;
    this.values =
      gradWeights?.fill(0) ??
      (weights instanceof Float32Array ? new Float32Array(length) : new Float64Array(length));
    this.#dim = dim;
  }

  take({ first, values }: GradientRows): void {
    this.values.set(values, first * this.#dim);
  }
}
