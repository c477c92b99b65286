import type { FloatArray } from '@cf/core';

/** The last loss of each sample of a training. */
export class HardestSamples {
  readonly #losses: Float64Array;

  /** @param count of samples */
  constructor(count: number) {
    this.#losses = new Float64Array(count).fill(Number.NaN);
  }

  /** Takes the losses of a batch. @param indices of its samples */
  see(indices: ArrayLike<number>, losses: FloatArray): void {
    for (let i = 0; i < indices.length; i++) this.#losses[indices[i]!] = losses[i]!;
  }

  /** Those that were seen, the largest losses first. */
  first(count: number): readonly { readonly sample: number; readonly loss: number }[] {
    return Array.from(this.#losses, (loss, sample) => ({ sample, loss }))
      .filter(({ loss }) => !Number.isNaN(loss))
      .sort((a, b) => b.loss - a.loss || a.sample - b.sample)
      .slice(0, count);
  }
}
