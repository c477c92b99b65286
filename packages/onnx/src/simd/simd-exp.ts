import type { FunctionWriter, Local } from './function-writer.ts';
import { interpolation, polynomial } from './polynomial.ts';

/** Below, e^x is no normal float32, and counts as 0. */
const LOWEST = -87.33;
/** Above, 2^n does not fit; what is larger counts as this. */
const HIGHEST = 88.37;
/** ln 2 in two parts: the first has so few digits that n·LN2_HIGH is exact. */
export const LN2_HIGH = 0.693359375;
export const LN2_LOW: number = Math.LN2 - LN2_HIGH;
/** Added to a number below 2²², it rounds to an integer, which stands in the low bits of the sum. */
export const ROUNDING: number = 1.5 * 2 ** 23;
const REMAINDERS = [-Math.LN2 / 2, Math.LN2 / 2] as const;

/** e^r (error under 2⁻²⁸). */
const EXP = interpolation(Math.exp, 6, REMAINDERS);
/** (e^r − 1 − r)/r². Its degree is odd, so no node is at 0. */
const EXPM1 = interpolation((r) => (Math.expm1(r) - r) / (r * r), 5, REMAINDERS);

/**
 * e^x to about one unit in the last place of float32, four at a time: 0 below −87.33, e^88.37 above that, and NaN stays
 * NaN.
 *
 * e^x = 2^n·e^r; e^r is a polynomial, and n is added to the exponent of its bits.
 */
export function simdExp(writer: FunctionWriter, x: Local): Local {
  const { r, exponent } = reduce(writer, writer.value('f32x4.pmin', x, writer.floats(HIGHEST)));
  const result = writer.value('i32x4.add', polynomial(writer, EXP, r), exponent);
  return writer.value('v128.andnot', result, writer.value('f32x4.lt', x, writer.floats(LOWEST)));
}

/**
 * e^x − 1 to a few units in the last place of float32, near 0 too, four at a time: e^88.37 above 88.37, and NaN stays NaN.
 *
 * e^x − 1 = 2^n·(e^r − 1) + (2^n − 1).
 */
export function simdExpm1(writer: FunctionWriter, x: Local): Local {
  const below = writer.value('f32x4.pmin', x, writer.floats(HIGHEST));
  const { r, exponent } = reduce(writer, writer.value('f32x4.pmax', below, writer.floats(LOWEST)));
  const square = writer.value('f32x4.mul', r, r);
  const small = writer.multiplyAdd(polynomial(writer, EXPM1, r), square, r);
  const one = writer.floats(1);
  const power = writer.value('i32x4.add', one, exponent);
  return writer.multiplyAdd(small, power, writer.value('f32x4.sub', power, one));
}

/** x = n·ln 2 + r, n an integer, |r| ≤ ½·ln 2; `exponent` is n where the bits of a float32 have their exponent. */
function reduce(writer: FunctionWriter, x: Local): { readonly r: Local; readonly exponent: Local } {
  const rounding = writer.floats(ROUNDING);
  const inLowBits = writer.multiplyAdd(x, writer.floats(1 / Math.LN2), rounding);
  const n = writer.value('f32x4.sub', inLowBits, rounding);
  const high = writer.subtractProduct(x, n, writer.floats(LN2_HIGH));
  const r = writer.subtractProduct(high, n, writer.floats(LN2_LOW));
  return { r, exponent: writer.value('i32x4.shl', inLowBits, writer.int(23)) };
}
