import { type LogSumExp, type MarginLoss, negativeSumNames } from '@cf/core';
import type { HeadMemory } from './head-memory.ts';

/** Σ_{j≠y} e^{z_ij} of each sample over one tile is e^{shift}·sum. */
export interface TileSums {
  /** [B]; NaN where no tile so far held a negative of the sample. Tiles with equal shifts share the array. */
  readonly shift: Float32Array;
  /** [B]. */
  readonly sum: Float32Array;
  /** Σ_j e^{z_ij − shift_i}·N_ij: [B]; empty unless the geometry is `norm-scaled`. */
  readonly radial: Float32Array;
}

/** The sums over all tiles of one shift, in float64. */
interface ShiftSums {
  readonly shift: Float32Array;
  /** [B]. */
  readonly sum: Float64Array;
  /** [B], or empty. */
  readonly radial: Float64Array;
  /** e^{shift_i}/Σ_j e^{z_ij}: [B]; 0 before it is known. */
  readonly scale: Float64Array;
}

/** What pass 1 has found, tile by tile: what is kept of a tile is B numbers. */
export class NegativeSums {
  readonly #batch: number;
  /** [tiles, B]. */
  readonly #sums: Float32Array;
  readonly #ofTile: ShiftSums[] = [];
  readonly #shifts: Map<Float32Array, ShiftSums> = new Map();

  constructor(memory: HeadMemory, batch: number, tiles: number) {
    this.#batch = batch;
    this.#sums = memory.array('sums', tiles * batch);
  }

  /** Takes the sums of the next tile. */
  add({ shift, sum, radial }: TileSums): void {
    this.#sums.set(sum, this.#ofTile.length * this.#batch);
    let sums = this.#shifts.get(shift);
    if (sums === undefined) {
      const [zeros, radials] = [new Float64Array(this.#batch), new Float64Array(radial.length)];
      sums = { shift, sum: zeros, radial: radials, scale: new Float64Array(this.#batch) };
      this.#shifts.set(shift, sums);
    }
    addTo(sums.sum, sum);
    addTo(sums.radial, radial);
    this.#ofTile.push(sums);
  }

  /** By shift; nothing where a sample has no negative. */
  logSumExps(): readonly LogSumExp[] {
    return [...this.#shifts.values()].map(({ shift, sum }) => ({
      max: Float64Array.from(shift, (value, i) => (sum[i]! > 0 ? value : Number.NEGATIVE_INFINITY)),
      sum,
    }));
  }

  /** Tells what the sums of all tiles come to. @param logSumExp ln Σ_j e^{z_ij}, the target among them: [B]. */
  complete(logSumExp: Float64Array): void {
    for (const { shift, scale } of this.#shifts.values()) {
      for (const [i, value] of shift.entries())
        scale[i] = Number.isNaN(value) ? 0 : Math.exp(value - logSumExp[i]!);
    }
  }

  /** The shift of a tile: [B]. */
  shift(tile: number): Float32Array {
    return this.#ofTile[tile]!.shift;
  }

  /** e^{shift_i}/Σ_j e^{z_ij}, what turns a tile's e^{z − shift} into probabilities: [B]. */
  scale(tile: number): Float64Array {
    return this.#ofTile[tile]!.scale;
  }

  /** The probability of a sample that lies in a tile. */
  share(tile: number, sample: number): number {
    return this.#sums[tile * this.#batch + sample]! * this.#ofTile[tile]!.scale[sample]!;
  }

  /** Σ_j p_ij·N_ij: [B]; zeros unless the geometry is `norm-scaled`. */
  radials(): Float64Array {
    const out = new Float64Array(this.#batch);
    for (const { radial, scale } of this.#shifts.values())
      for (let i = 0; i < radial.length; i++) out[i]! += radial[i]! * scale[i]!;
    return out;
  }
}

/** The sums that a loss asks for, over all tiles, in float64: [B] each. */
export class NamedSums {
  readonly sums: Readonly<Record<string, Float64Array>>;

  constructor(loss: MarginLoss, batch: number) {
    const names = negativeSumNames(loss);
    this.sums = Object.fromEntries(names.map((name) => [name, new Float64Array(batch)]));
  }

  /** Takes those of a tile. */
  add(found: Readonly<Record<string, Float32Array>>): void {
    for (const [name, sum] of Object.entries(this.sums)) addTo(sum, found[name]!);
  }
}

/** sums_i += values_i. */
export function addTo(sums: Float64Array, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) sums[i]! += values[i]!;
}
