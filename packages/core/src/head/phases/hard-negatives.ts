import type { NegativeValue } from '../../modulation/modulation.ts';

/** Counts the hard negatives that pass 1 sees, and the range of their slopes. */
export class HardNegativeCounter {
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
