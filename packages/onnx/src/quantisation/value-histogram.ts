import type { ValueRange } from './linear-scale.ts';

/** Bins on each side of 0. */
const BINS = 2048;

/**
 * Counts values in bins of one width around 0. Where a value lies beyond the last bin, bins become twice as wide and two
 * become one, so nothing is known ahead and nothing is kept but counts.
 */
export class ValueHistogram {
  /** Bin i holds values of (i − 2048) · width to the next. */
  counts: Float64Array<ArrayBuffer> = new Float64Array(2 * BINS);
  width: number = 2 ** -20;
  low: number = Number.POSITIVE_INFINITY;
  high: number = Number.NEGATIVE_INFINITY;

  /** @returns false, and counts nothing, where a value is not finite */
  add(values: Float32Array): boolean {
    let { low, high } = this;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value < low) low = value;
      if (value > high) high = value;
      // NaN is neither less nor more.
      if (!(value - value === 0)) return false;
    }
    [this.low, this.high] = [low, high];
    while (Math.max(-low, high) >= BINS * this.width) this.#widen();
    const { counts, width } = this;
    const scale = 1 / width;
    for (let i = 0; i < values.length; i++) counts[Math.floor(values[i]! * scale) + BINS]!++;
    return true;
  }

  /** How many values were counted. */
  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** The middle of a bin. */
  middle(bin: number): number {
    return (bin - BINS + 0.5) * this.width;
  }

  /** What all but a share of the values lie between, half of it left out on each side. */
  inner(share: number): ValueRange {
    const most = (this.total * share) / 2;
    const { counts, width } = this;
    const end = (from: number, step: 1 | -1): number => {
      let bin = from;
      for (let seen = counts[bin]!; seen <= most && bin + step in counts; seen += counts[bin]!) bin += step;
      return bin;
    };
    const [first, last] = [end(0, 1), end(counts.length - 1, -1)];
    return {
      low: Math.max(this.low, (first - BINS) * width),
      high: Math.min(this.high, (last + 1 - BINS) * width),
    };
  }

  #widen(): void {
    const wider = new Float64Array(2 * BINS);
    for (const [bin, count] of this.counts.entries()) wider[Math.floor((bin - BINS) / 2) + BINS]! += count;
    this.counts = wider;
    this.width *= 2;
  }
}
