/** Lower and upper end of an axis. */
export type Domain = readonly [number, number];

/** Narrower than this share of the values, an axis runs out of digits for its labels. */
const NARROWEST = 1e-9;

/** Values beyond this, or closer to zero than its inverse, are not drawn: axes would overflow or underflow. */
export const LARGEST_DRAWN = 1e100;

/** From the smallest to the largest value, widened where they are (almost) equal; [0, 1] for no values. */
export function linearDomain(values: readonly number[]): Domain {
  if (values.length === 0) return [0, 1];
  const [low, high] = extent(values);
  const magnitude = Math.max(Math.abs(low), Math.abs(high));
  if (magnitude < 1 / LARGEST_DRAWN) return [-1, 1];
  if (high - low > NARROWEST * magnitude) return [low, high];
  return [low - 0.1 * magnitude, high + 0.1 * magnitude];
}

/** Whole decades around positive values, at least one; [0.1, 1] for no values. */
export function logDomain(values: readonly number[]): Domain {
  if (values.length === 0) return [0.1, 1];
  const [low, high] = extent(values);
  const first = Math.floor(Math.log10(low));
  const last = Math.max(first + 1, Math.ceil(Math.log10(high)));
  return [powerOfTen(first), powerOfTen(last)];
}

/** The powers of ten inside a domain. */
export function decades([low, high]: Domain): number[] {
  const first = Math.ceil(Math.log10(low));
  const last = Math.floor(Math.log10(high));
  return Array.from({ length: last - first + 1 }, (_, k) => powerOfTen(first + k));
}

/** Read as a literal, because 10 ** −4 is not 1e-4 in every engine. */
function powerOfTen(exponent: number): number {
  return Number(`1e${exponent}`);
}

function extent(values: readonly number[]): Domain {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}
