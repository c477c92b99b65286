import { OptionOutOfRangeError } from '@cf/core';

/** By unit, as flags name it. */
export const MILLISECONDS: Readonly<Record<string, number>> = { s: 1e3, min: 6e4, h: 3.6e6 };

/** Milliseconds of `30s`, `10min` or `2h`. @param flag that gives it @throws OptionOutOfRangeError */
export function duration(flag: string, text: string): number {
  const [, digits, unit] = /^([1-9]\d{0,8}) ?(s|min|h)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined)
    throw new OptionOutOfRangeError(flag, text, 'a number of s, min or h, such as 10min');
  return Number(digits) * MILLISECONDS[unit]!;
}
