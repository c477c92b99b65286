import { expect, test } from 'vitest';
import { OnnxGraphError } from '../errors.ts';
import { createAttribute } from './attributes.ts';
import { wholeNumber } from './integers.ts';

test('the largest integer of a file, read as a number, is written as the largest integer', () => {
  const { ints } = createAttribute('ends', { ints: [Number(2n ** 63n - 1n), -5] });
  expect(ints).toEqual([2n ** 63n - 1n, -5n]);
  expect(wholeNumber(-(2 ** 63))).toBe(-(2n ** 63n));
  expect(() => wholeNumber(0.5)).toThrow(OnnxGraphError);
});
