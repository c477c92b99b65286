import { OnnxGraphError } from '../errors.ts';
import type { TensorData } from './tensor.ts';

const LARGEST = 2n ** 63n - 1n;

/**
 * An integer in the form of the file.
 *
 * @throws OnnxGraphError for NaN, infinity or a fraction: sizes that do not divide as an operator demands
 */
export function wholeNumber(value: number): bigint {
  // The largest integers of a file, which mean 'to the end', are none that a number can hold.
  if (Number.isInteger(value)) return BigInt.asIntN(64, value >= 2 ** 63 ? LARGEST : BigInt(value));
  throw new OnnxGraphError(
    `${value} as a size or position`,
    'a whole number',
    'check that the shapes and groups in the model fit its operators.',
  );
}

/** A list of integers, as a constant: shapes, axes, places. */
export function int64List(values: readonly number[]): TensorData {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, wholeNumber) };
}
