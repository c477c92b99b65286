import type { FunctionWriter, Local } from './function-writer.ts';
import { interpolation, polynomial } from './polynomial.ts';
import { ROUNDING } from './simd-exp.ts';

/** π/2 in two parts: the first has so few digits that n·QUARTER_HIGH is exact up to n = 2⁸. */
const QUARTER = Math.PI / 2;
const QUARTER_HIGH: number = Math.round(QUARTER * 2 ** 15) / 2 ** 15;
const QUARTER_LOW: number = QUARTER - QUARTER_HIGH;
/** From here on, float32 are too far apart to be angles. */
const FARTHEST = 2 ** 22;

const SQUARES = [0, (Math.PI / 4) ** 2] as const;
/** (sin r − r)/r³, of r². */
const SIN = interpolation(
  (square) => {
    const r = Math.sqrt(square);
    return (Math.sin(r) - r) / (r * square);
  },
  2,
  SQUARES,
);
/** (cos r − 1 + r²/2)/r⁴, of r². */
const COS = interpolation(
  (square) => (Math.cos(Math.sqrt(square)) - 1 + square / 2) / square ** 2,
  2,
  SQUARES,
);
/** (atan z − z)/z³, of z². */
const ATAN = interpolation(
  (square) => {
    const z = Math.sqrt(square);
    return (Math.atan(z) - z) / (z * square);
  },
  8,
  [0, 1],
);

/**
 * sin x, four at a time, to 10⁻⁷ up to |x| = 400 rad, and to a few units in the last place near 0. Farther out an error of
 * |x|·2⁻²³ joins it, as large as x's own rounding; from 2²² on it is NaN, as of ∞ and NaN.
 */
export function simdSin(writer: FunctionWriter, x: Local): Local {
  return sine(writer, x, 0);
}

/** cos x, as exact as {@link simdSin}. */
export function simdCos(writer: FunctionWriter, x: Local): Local {
  return sine(writer, x, 1);
}

/**
 * Arc tangent in radians to a few units in the last place of float32, four at a time; NaN stays NaN.
 *
 * A polynomial up to |x| = 1, and beyond it atan x = π/2 − atan(1/x).
 */
export function simdAtan(writer: FunctionWriter, x: Local): Local {
  const one = writer.floats(1);
  const size = writer.value('f32x4.abs', x);
  const larger = writer.value('f32x4.max', size, one);
  const z = writer.value('f32x4.div', writer.value('f32x4.min', size, one), larger);
  const inner = oddPolynomial(writer, ATAN, z, writer.value('f32x4.mul', z, z));
  const outer = writer.value('f32x4.sub', writer.floats(QUARTER), inner);
  const angle = writer.value('v128.bitselect', outer, inner, writer.value('f32x4.gt', size, one));
  return writer.value('v128.bitselect', x, angle, writer.floats(-0));
}

/** sin(x + quarters·π/2): x = n·π/2 + r, |r| ≤ π/4; the last two bits of n + quarters choose ±sin r or ±cos r. */
function sine(writer: FunctionWriter, x: Local, quarters: number): Local {
  const rounding = writer.floats(ROUNDING);
  const inLowBits = writer.multiplyAdd(x, writer.floats(1 / QUARTER), rounding);
  const n = writer.value('f32x4.sub', inLowBits, rounding);
  const high = writer.subtractProduct(x, n, writer.floats(QUARTER_HIGH));
  const r = writer.subtractProduct(high, n, writer.floats(QUARTER_LOW));
  const square = writer.value('f32x4.mul', r, r);
  const sin = oddPolynomial(writer, SIN, r, square);
  const cosRest = writer.multiplyAdd(polynomial(writer, COS, square), square, writer.floats(-0.5));
  const cos = writer.multiplyAdd(cosRest, square, writer.floats(1));
  const turns = writer.value('i32x4.add', inLowBits, writer.ints([quarters, quarters, quarters, quarters]));
  const odd = writer.value('i32x4.shr_s', writer.value('i32x4.shl', turns, writer.int(31)), writer.int(31));
  const sign = writer.value('v128.and', writer.value('i32x4.shl', turns, writer.int(30)), writer.floats(-0));
  const value = writer.value('v128.xor', writer.value('v128.bitselect', cos, sin, odd), sign);
  const near = writer.value('f32x4.lt', writer.value('f32x4.abs', x), writer.floats(FARTHEST));
  return writer.value('v128.or', value, writer.value('v128.not', near));
}

/** z + z³·p(z²). */
function oddPolynomial(
  writer: FunctionWriter,
  coefficients: readonly number[],
  z: Local,
  square: Local,
): Local {
  const cube = writer.value('f32x4.mul', z, square);
  return writer.multiplyAdd(polynomial(writer, coefficients, square), cube, z);
}
