import type { Random } from '@cf/core';

/** A uniform draw of two decimals. */
export function between(random: Random, low: number, high: number): number {
  return hundredths(random.uniform(low, high));
}

/** Rounds to two decimals: short in JSON, the same in every engine, and never −0, which JSON does not know. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}
