import type { NegativeValue } from '../../modulation/modulation.ts';

/** What is counted over all negatives. */
export interface NegativeCounts {
  /** Negatives with a cosine above the pivot. */
  readonly hard: number;
  /** Hard negatives whose logit is raised: N > cos θ_j. */
  readonly emphasised: number;
  /** Least and largest ∂N/∂cos θ_j over the hard negatives. */
  readonly minSlope: number;
  readonly maxSlope: number;
}

/** Counts the hard negatives that pass 1 sees, and the range of their slopes. */
export class HardNegativeCounter implements NegativeCounts {
  hard = 0;
  emphasised = 0;
  minSlope: number = Number.POSITIVE_INFINITY;
  maxSlope: number = Number.NEGATIVE_INFINITY;

  see(cos: number, pivot: number, negative: NegativeValue<number>): void {
    if (cos <= pivot) return;
    this.hard++;
    if (negative.value > cos) this.emphasised++;
    if (negative.dCos < this.minSlope) this.minSlope = negative.dCos;
    if (negative.dCos > this.maxSlope) this.maxSlope = negative.dCos;
  }
}
