import type { MarginLoss } from '../../losses/margin-loss.ts';
import type { SampleValues } from '../../margin/target-margin.ts';
import { emphasisedMask } from '../../modulation/emphasised-mask.ts';
import type { NegativeValue } from '../../modulation/modulation.ts';
import { numberOps } from '../../readings/number.ts';

/** What is counted over all negatives. */
export interface NegativeCounts {
  /** Negatives with a cosine above the pivot. */
  readonly hard: number;
  /** Hard negatives that the loss emphasises. */
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

  readonly #loss: Pick<MarginLoss, 'emphasised'>;

  constructor(loss: Pick<MarginLoss, 'emphasised'>) {
    this.#loss = loss;
  }

  see(cos: number, pivot: number, sample: SampleValues<number>, negative: NegativeValue<number>): void {
    if (cos <= pivot) return;
    this.hard++;
    if (emphasisedMask(numberOps, this.#loss, negative.value, cos, pivot, sample)) this.emphasised++;
    if (negative.dCos < this.minSlope) this.minSlope = negative.dCos;
    if (negative.dCos > this.maxSlope) this.maxSlope = negative.dCos;
  }
}
