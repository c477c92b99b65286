import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHalves, toHalves } from './half.ts';

const back = (...values: readonly number[]): number[] => [...fromHalves(toHalves(Float32Array.from(values)))];

it('every float16 stays what it is', () => {
  const halves = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
  const floats = fromHalves(halves);
  expect(toHalves(floats).every((bits, at) => bits === halves[at] || Number.isNaN(floats[at]))).toBe(true);
  expect(floats[0x3c00]).toBe(1);
  expect(floats[0x7bff]).toBe(65_504);
  expect(floats[0x0001]).toBe(2 ** -24);
  expect(floats.filter(Number.isNaN)).toHaveLength(2 * 1023);
});

it('rounds to the nearest, of two as near to the even one, and over the largest to infinity', () => {
  expect(back(1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 - 2 ** -12)).toEqual([1, 1 + 2 ** -9, 2]);
  expect(back(65_519, 65_520, -65_520, Number.NaN)).toEqual([65_504, Infinity, -Infinity, Number.NaN]);
  expect(back(2 ** -25, 3 * 2 ** -25, -(2 ** -26))).toEqual([0, 2 ** -23, -0]);
});

it('no float16 is nearer', () => {
  fc.assert(
    fc.property(fc.float({ min: -65_504, max: 65_504, noNaN: true }), (value) => {
      const [bits] = toHalves(Float32Array.of(value));
      const beside = [bits! - 1, bits! + 1].filter((other) => (other & 0x7fff) <= 0x7bff && other >= 0);
      const [near, ...others] = fromHalves(Uint16Array.from([bits!, ...beside]));
      for (const other of others)
        expect(Math.abs(near! - value)).toBeLessThanOrEqual(Math.abs(other - value));
    }),
  );
});
