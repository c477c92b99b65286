import { OptionOutOfRangeError } from '@cf/core';

/** Throws `E_OPTION_RANGE` unless `value` is an integer in [low, high]. */
export function checkInteger(
  option: string,
  value: number,
  low: number,
  high: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `≥ ${low}` : `in [${low}, ${high}]`;
  throw new OptionOutOfRangeError(option, value, `an integer ${range}`, `choose ${option} within its range.`);
}

/** Throws `E_OPTION_RANGE` unless `value` is a finite number in [low, high]. */
export function checkNumber(option: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  throw new OptionOutOfRangeError(
    option,
    value,
    `a number in [${low}, ${high}]`,
    `choose ${option} within its range.`,
  );
}
