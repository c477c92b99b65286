import type { Random } from '@cf/core';

/** A uniform draw of two decimals. */
export function between(random: Random, low: number, high: number): number {
  return hundredths(random.uniform(low, high));
}

/** Ranges that numbers are drawn from, by name. */
export type Ranges = Readonly<Record<string, readonly [low: number, high: number]>>;

/** A number of each range. */
export type Drawn<Table extends Ranges> = { readonly [Name in keyof Table]: number };

/** Draws a number of each range, in the order of the table. */
export function drawn<Table extends Ranges>(random: Random, table: Table): Drawn<Table> {
  const numbers = Object.entries(table).map(([name, [low, high]]) => [name, between(random, low, high)]);
  return Object.fromEntries(numbers) as Drawn<Table>;
}

/** Rounds to two decimals: short in JSON, the same in every engine, and never −0, which JSON does not know. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}
