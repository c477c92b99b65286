import { OptionOutOfRangeError } from './errors.ts';
import { ANGULAR_MARGIN, requirePublished, type UnsafeOption } from './published-domain.ts';

/** Throws unless low ≤ value ≤ high (low < value with 'exclusive lower bound'). */
export function requireRange(
  option: string,
  value: number,
  low: number,
  high: number,
  bound: 'inclusive' | 'exclusive lower bound' = 'inclusive',
): void {
  const above = bound === 'inclusive' ? value >= low : value > low;
  if (typeof value === 'number' && above && value <= high) return;
  const sign = bound === 'inclusive' ? '≤' : '<';
  throw new OptionOutOfRangeError(option, value, `${low} ${sign} ${option} ≤ ${high}`);
}

/** Throws unless value is a finite positive number. */
export function requirePositive(option: string, value: number): void {
  if (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY) return;
  throw new OptionOutOfRangeError(option, value, `a finite ${option} > 0`);
}

/** Throws unless value is a number in [0, ∞]. */
export function requireNonNegative(option: string, value: number): void {
  if (typeof value === 'number' && value >= 0) return;
  throw new OptionOutOfRangeError(option, value, `${option} ≥ 0`);
}

/** Throws unless value is a finite number. */
export function requireFinite(option: string, value: number): void {
  if (Number.isFinite(value)) return;
  throw new OptionOutOfRangeError(option, value, `a finite ${option}`);
}

/** Throws unless value is an angle in radians, 0 ≤ value < π; with `unsafe`, −π < value < π. */
export function requireAngle(option: string, value: number, options: UnsafeOption = {}): void {
  requirePublished(option, value, ANGULAR_MARGIN, options);
}

/** Throws unless value is an integer, low ≤ value ≤ high. */
export function requireInteger(option: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  const bounded = high < Number.MAX_SAFE_INTEGER;
  const expected = bounded ? `${low} ≤ ${option} ≤ ${high}` : `${option} ≥ ${low}`;
  throw new OptionOutOfRangeError(option, value, `an integer, ${expected}`, `give ${option} as an integer.`);
}

/** Throws unless value is one of the choices. */
export function requireChoice(option: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return;
  throw new OptionOutOfRangeError(
    option,
    value,
    `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`,
  );
}
