import { describe, expect, test } from 'vitest';
import { NORM_FLOOR } from '../../numerics.ts';
import { plainRows, unitRows } from './unit-rows.ts';

describe('unitRows', () => {
  test.each([1, 1e200, 1e-11, 2 ** 1000])('a row of size %d keeps its direction', (size) => {
    const { unit, norms, inverse } = unitRows(Float64Array.of(3 * size, -4 * size), 2, 0, 1);
    expect(unit[0]).toBeCloseTo(0.6, 15);
    expect(unit[1]).toBeCloseTo(-0.8, 15);
    expect(norms[0]! / (5 * size)).toBeCloseTo(1, 15);
    expect(inverse[0]! * 5 * size).toBeCloseTo(1, 15);
  });

  test('a row shorter than NORM_FLOOR is a zero vector with its norm kept', () => {
    const under = unitRows(Float64Array.of(0.99 * NORM_FLOOR, 0), 2, 0, 1);
    expect(under).toMatchObject({ unit: Float64Array.of(0, 0), inverse: Float64Array.of(0) });
    expect(under.norms[0]).toBe(0.99 * NORM_FLOOR);
    expect(unitRows(Float64Array.of(1.01 * NORM_FLOOR, 0), 2, 0, 1).unit[0]).toBe(1);
    expect(unitRows(Float64Array.of(3e-200, 4e-200), 2, 0, 1).norms[0]).toBeCloseTo(5e-200, 210);
  });

  test('zero and the smallest number are zero vectors', () => {
    const rows = unitRows(Float64Array.of(0, -0, 5e-324, 0), 2, 0, 2);
    expect(Array.from(rows.unit).map(Math.abs)).toEqual([0, 0, 0, 0]);
    expect(rows.inverse).toEqual(Float64Array.of(0, 0));
  });

  test('takes only the rows asked for', () => {
    const rows = unitRows(Float64Array.of(9, 9, 0, 2, 5, 0, 9, 9), 2, 1, 3);
    expect(rows).toMatchObject({
      count: 2,
      dim: 2,
      unit: Float64Array.of(0, 1, 1, 0),
      norms: Float64Array.of(2, 5),
    });
  });

  test.each([2 ** -351, 2 ** -349, 2 ** 399, 2 ** 401])(
    'what brings a row of size %d into range changes no bit of it',
    (size) => {
      const plain = unitRows(Float64Array.of(3, -4, 0.7), 3, 0, 1);
      const sized = unitRows(Float64Array.of(3 * size, -4 * size, 0.7 * size), 3, 0, 1);
      if (size > 1) expect(sized.unit).toEqual(plain.unit);
      expect(sized.norms[0]! / size).toBe(plain.norms[0]);
    },
  );

  test('says of a row that is not finite that it is not', () => {
    expect(unitRows(Float64Array.of(1, Number.NaN), 2, 0, 1).norms[0]).toBeNaN();
  });

  test('reads float32', () => {
    expect(unitRows(Float32Array.of(0, 3e38), 2, 0, 1).unit).toEqual(Float64Array.of(0, 1));
  });
});

test('plainRows copies the rows, with their norms and an inverse of 1', () => {
  const values = Float64Array.of(9, 9, 3, 4);
  const rows = plainRows(values, 2, 1, 2);
  values[2] = 7;
  expect(rows).toEqual({
    count: 1,
    dim: 2,
    unit: Float64Array.of(3, 4),
    norms: Float64Array.of(5),
    inverse: Float64Array.of(1),
  });
});
