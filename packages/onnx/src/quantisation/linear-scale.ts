import { OptionOutOfRangeError } from '@cf/core';

/** Numbers that stand for others in a byte: x ≈ scale · (q − zeroPoint), q a whole number of 0 to 255. */
export interface LinearScale {
  /** A positive float32. */
  readonly scale: number;
  /** Stands for 0, which is exact whatever the range. */
  readonly zeroPoint: number;
}

/** What values lie between. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

const LARGEST = 255;
/** The least that a scale is: the smallest normal float32. */
const LEAST = 2 ** -126;

/**
 * The scale of a range, widened so that 0 is in it. Values beyond the range become its ends.
 *
 * @throws OptionOutOfRangeError for ends that are no numbers, or in the wrong order
 */
export function linearScale({ low, high }: ValueRange): LinearScale {
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high))
    throw new OptionOutOfRangeError('range', `${low} to ${high}`, 'two finite numbers, the lower one first');
  const [least, most] = [Math.min(low, 0), Math.max(high, 0)];
  if (least === most) return { scale: 1, zeroPoint: 0 };
  const scale = Math.max(LEAST, Math.fround((most - least) / LARGEST));
  return { scale, zeroPoint: clampedByte(-least / scale) };
}

/** The byte of each value. */
export function toBytes(values: Float32Array, { scale, zeroPoint }: LinearScale): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values, (value) => clampedByte(roundedToEven(value / scale) + zeroPoint));
}

/** The value that each byte stands for. */
export function fromBytes(bytes: Uint8Array, { scale, zeroPoint }: LinearScale): Float32Array<ArrayBuffer> {
  return Float32Array.from(bytes, (byte) => (byte - zeroPoint) * scale);
}

/** To nearest, ties to even: as QuantizeLinear does. */
export function roundedToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

function clampedByte(x: number): number {
  return Math.min(LARGEST, Math.max(0, roundedToEven(x)));
}
