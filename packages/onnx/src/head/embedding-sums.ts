import type { HeadMemory } from './head-memory.ts';

/**
 * Σ_j slope_ij·w_j over tiles: [B, d]. What tiles with the same factors come to is multiplied with them once.
 */
export class EmbeddingSums {
  /** What the slopes of a sample have still to be multiplied with: [B]. */
  factor: Float32Array;
  /** factor_i·x_i: [B, d]. */
  readonly x: Float32Array;
  /** What the tiles of these factors come to so far, and with the next one: [B, d]. */
  before: Float32Array;
  after: Float32Array;
  /** x̂, or x: [B, d]. */
  readonly #unit: Float32Array;
  readonly #total: Float64Array;

  /** @param total zeros: [B, d]. */
  constructor(memory: HeadMemory, unit: Float32Array, total: Float64Array) {
    this.#unit = unit;
    this.#total = total;
    this.x = memory.array('factored', unit.length);
    this.before = memory.array('before', unit.length).fill(0);
    this.after = memory.array('after', unit.length);
    this.factor = new Float32Array(0);
  }

  /** The tiles that follow have these factors. */
  begin(factor: Float32Array): void {
    this.#flush();
    this.factor = factor;
    addRows(this.x.fill(0), this.#unit, factor);
    this.before.fill(0);
  }

  /** The next tile is in `after`. */
  took(): void {
    [this.before, this.after] = [this.after, this.before];
  }

  /** Over all tiles: [B, d]. */
  total(): Float64Array {
    this.#flush();
    this.factor = new Float32Array(0);
    return this.#total;
  }

  #flush(): void {
    if (this.factor.length > 0) addRows(this.#total, this.before, this.factor);
  }
}

/** sums_i += factor_i·rows_i, row by row: [B, d]. */
function addRows(sums: Float32Array | Float64Array, rows: Float32Array, factor: Float32Array): void {
  const dim = rows.length / factor.length;
  factor.forEach((value, i) => {
    for (let k = i * dim; k < (i + 1) * dim; k++) sums[k]! += value * rows[k]!;
  });
}
