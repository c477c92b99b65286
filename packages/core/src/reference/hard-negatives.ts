import type { OtherValue } from '../modulation/modulation.ts';

/** Counts the hard negatives that pass 1 sees, and the range of their slopes. */
export class HardNegativeCounter {
  hard = 0;
  emphasised = 0;
  minSlope: number = Number.POSITIVE_INFINITY;
  maxSlope: number = Number.NEGATIVE_INFINITY;

  see(cos: number, pivot: number, other: OtherValue<number>): void {
    if (cos <= pivot) return;
    this.hard++;
    if (other.value > cos) this.emphasised++;
    if (other.dCos < this.minSlope) this.minSlope = other.dCos;
    if (other.dCos > this.maxSlope) this.maxSlope = other.dCos;
  }
}
