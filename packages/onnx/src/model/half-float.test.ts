import { expect, test } from 'vitest';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './half-float.ts';

test('every bit pattern that is a number comes back as it was', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const halves = all.filter((bits) => (bits & 0x7fff) <= 0x7c00);
  expect(toFloat16(fromFloat16(halves))).toEqual(halves);
  const brains = all.filter((bits) => (bits & 0x7fff) <= 0x7f80);
  expect(toBfloat16(fromBfloat16(brains))).toEqual(brains);
  expect(fromFloat16(Uint16Array.of(0x7e00, 0xfc01)).every(Number.isNaN)).toBe(true);
  expect(fromBfloat16(toBfloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
});

test.each([
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [65519, 0x7bff],
  [65520, 0x7c00],
  [2 ** -24, 1],
  [2 ** -25, 0],
  [3 * 2 ** -25, 2],
  [2 ** -14 - 2 ** -26, 0x400],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [-0, 0x8000],
])('float16 of %d', (number, bits) => {
  expect(toFloat16(Float32Array.of(number))[0]).toBe(bits);
});

test.each([
  [1, 0x3f80],
  [1 + 2 ** -8, 0x3f80],
  [1 + 3 * 2 ** -8, 0x3f82],
  [3.4e38, 0x7f80],
  [-0, 0x8000],
])('bfloat16 of %d', (number, bits) => {
  expect(toBfloat16(Float32Array.of(number))[0]).toBe(bits);
});
