/**
 * The constants that every backend shares, so that all of them agree at the extremes.
 */

/** A vector shorter than this counts as zero: its cosines are 0 and its gradient is 0. */
export const NORM_FLOOR: number = 1e-12;

/**
 * Lower bound of sin θ where a slope ∂cos(θ + m)/∂cos θ divides by it.
 *
 * It bounds the slope by 1 + 10⁶. The true gradient stays finite without it (the tangent of the normalisation
 * shrinks with sin θ), but not in float32, where the quotient alone would overflow what follows.
 */
export const SIN_FLOOR: number = 1e-6;

/** Bound on |cos θ|: rounding may carry an inner product of unit vectors past 1. */
export const COSINE_BOUND: number = 1;

/** cos θ within {@link COSINE_BOUND}. */
export function clampCosine(cos: number): number {
  return Math.min(Math.max(cos, -COSINE_BOUND), COSINE_BOUND);
}
