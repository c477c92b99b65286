/** Draws the next 32 random bits, as a signed integer. */
export type RandomBits = () => number;

/**
 * The generator xoroshiro128+ (Blackman and Vigna 2018, with the shifts 24, 16, 37), of whose 64 bits the lower half is
 * given.
 *
 * @param state 128 bits, not all zero: low and high half of the second word after those of the first, high half first
 */
export function xoroshiro128plus(state: readonly [number, number, number, number]): RandomBits {
  let [high0, low0, high1, low1] = state;
  return () => {
    const out = (low0 + low1) | 0;
    const low = low1 ^ low0;
    const high = high1 ^ high0;
    const [oldHigh, oldLow] = [high0, low0];
    low0 = (oldLow << 24) ^ (oldHigh >>> 8) ^ low ^ (low << 16);
    high0 = (oldHigh << 24) ^ (oldLow >>> 8) ^ high ^ ((high << 16) | (low >>> 16));
    low1 = (high << 5) ^ (low >>> 27);
    high1 = (low << 5) ^ (high >>> 27);
    return out;
  };
}

/** Uniform in [0, 1): a multiple of 2⁻⁵³. */
export function uniformDouble(bits: RandomBits): number {
  const high = bits() & 0x3ffffff;
  const low = bits() & 0x7ffffff;
  return high * 2 ** -26 + low * 2 ** -53;
}

/** Uniform over the integers in [0, size), without bias: 1 ≤ size ≤ 2³². */
export function uniformBelow(bits: RandomBits, size: number): number {
  const limit = Math.floor(2 ** 32 / size) * size;
  let draw = bits() + 2 ** 31;
  while (draw >= limit) draw = bits() + 2 ** 31;
  return draw % size;
}
