import type { HeadMemory } from './head-memory.ts';

/**
 * Σ_j slope_ij·w_j over tiles: [B, d]. What tiles with the same factors come to is multiplied with them once.
 */
export class EmbeddingSums {
  /** What the slopes of a sample have still to be multiplied with: [B]. */
  factor: Float32Array;
  /** factor_i·x_i: [B, d]. */
  readonly x: Float32Array;
  /** What the tiles of these factors come to so far: [B, d]. */
  before: Float32Array;
  /** Whether somebody looks at what tiles come to. Otherwise a product may be left out; the factors are wanted in any case. */
  readonly isWanted: boolean;
  #after: Float32Array | undefined;
  /** x̂, or x: [B, d]. */
  readonly #unit: Float32Array;
  readonly #total: Float64Array;
  readonly #memory: HeadMemory;
  /** What threads beside the first have added: [B, d] each. */
  readonly #partials: Float32Array[] = [];

  /** @param total zeros: [B, d]. */
  constructor(memory: HeadMemory, unit: Float32Array, total: Float64Array, isWanted: boolean) {
    this.isWanted = isWanted;
    this.#unit = unit;
    this.#total = total;
    this.#memory = memory;
    this.x = memory.array('factored', unit.length);
    this.before = memory.array('before', unit.length).fill(0);
    this.factor = new Float32Array(0);
  }

  /** The tiles that follow have these factors. */
  begin(factor: Float32Array): void {
    this.#flush();
    this.factor = factor;
    const { x } = this;
    const unit = this.#unit;
    const dim = unit.length / factor.length;
    for (let i = 0; i < factor.length; i++) {
      const value = factor[i]!;
      for (let k = i * dim; k < (i + 1) * dim; k++) x[k] = value * unit[k]!;
    }
    this.before.fill(0);
    for (const partial of this.#partials) partial.fill(0);
  }

  /** Where `before` goes together with the next tile, for who can't add in place: [B, d]. */
  get after(): Float32Array {
    this.#after ??= this.#memory.array('after', this.#unit.length);
    return this.#after;
  }

  /** The next tile is in `after`. */
  took(): void {
    [this.before, this.#after] = [this.after, this.before];
  }

  /** Where a thread adds what its rows come to: `before`, or what is added to it in the end. */
  partial(thread: number): Float32Array {
    if (thread === 0) return this.before;
    this.#partials[thread - 1] ??= this.#memory.array(`partial ${thread}`, this.#unit.length).fill(0);
    return this.#partials[thread - 1]!;
  }

  /** Over all tiles: [B, d]. */
  total(): Float64Array {
    this.#flush();
    this.factor = new Float32Array(0);
    return this.#total;
  }

  #flush(): void {
    const { factor, before } = this;
    for (const partial of this.#partials) for (let k = 0; k < before.length; k++) before[k]! += partial[k]!;
    const total = this.#total;
    const dim = before.length / factor.length;
    for (let i = 0; i < factor.length; i++) {
      const value = factor[i]!;
      for (let k = i * dim; k < (i + 1) * dim; k++) total[k]! += value * before[k]!;
    }
  }
}
