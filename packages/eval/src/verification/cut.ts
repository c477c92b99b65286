/**
 * A cut after group `g` of falling distinct scores accepts groups 0 … g; `g = −1` accepts nothing.
 * A pair is accepted when its score is at or above the threshold, everywhere in this package.
 */

/** The threshold of a cut: halfway to the next score, the lowest score to accept all, one step above the highest for none. */
export function cutThreshold(score: Float64Array, g: number): number {
  if (g < 0) return nextAbove(score[0]!);
  if (g === score.length - 1) return score[g]!;
  return midpoint(score[g + 1]!, score[g]!);
}

/** Distance between the two scores around a cut; 0 for the two cuts that have scores on one side only. */
export function cutGap(score: Float64Array, g: number): number {
  return g < 0 || g === score.length - 1 ? 0 : score[g]! - score[g + 1]!;
}

/** In (low, high]: where no number lies between the two, half the way rounds to `low`, which must stay rejected. */
function midpoint(low: number, high: number): number {
  const gap = high - low;
  const middle = Number.isFinite(gap) ? low + gap / 2 : low / 2 + high / 2;
  return middle > low ? middle : high;
}

/** The smallest float64 above a finite number. */
function nextAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const float = new Float64Array([value]);
  const bits = new BigInt64Array(float.buffer);
  // The bit pattern of a float64 counts up with its magnitude.
  bits[0]! += value > 0 ? 1n : -1n;
  return float[0]!;
}
