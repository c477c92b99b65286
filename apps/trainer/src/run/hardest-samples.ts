import type { FloatArray } from '@cf/core';
import type { RatedPicture } from '../report/evidence.ts';

/** The last loss of each picture of a training. */
export class HardestSamples {
  /** By the picture's place in the list of pictures; NaN of those that were not seen. A checkpoint keeps them. */
  readonly losses: Float32Array;
  readonly #pictures: ArrayLike<number>;

  /**
   * @param count of pictures
   * @param pictures the picture of each sample, by its place
   * @param before losses of a training that goes on
   */
  constructor(count: number, pictures: ArrayLike<number>, before: Float32Array = new Float32Array()) {
    this.losses = new Float32Array(count).fill(Number.NaN);
    this.losses.set(before.subarray(0, count));
    this.#pictures = pictures;
  }

  /** Takes the losses of a batch. @param indices of its samples */
  see(indices: ArrayLike<number>, losses: FloatArray): void {
    for (let i = 0; i < indices.length; i++) this.losses[this.#pictures[indices[i]!]!] = losses[i]!;
  }

  /** Those that were seen, the largest losses first. */
  first(count: number): readonly RatedPicture[] {
    return Array.from(this.losses, (loss, index) => ({ index, loss }))
      .filter(({ loss }) => !Number.isNaN(loss))
      .sort((a, b) => b.loss - a.loss || a.index - b.index)
      .slice(0, count);
  }
}
