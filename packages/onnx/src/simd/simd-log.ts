import type { FunctionWriter, Local } from './function-writer.ts';
import { interpolation, polynomial } from './polynomial.ts';
import { LN2_HIGH, LN2_LOW } from './simd-exp.ts';

const SMALLEST_NORMAL = 2 ** -126;
/** The largest s² = (r/(2 + r))² of 1 + r from √½ to √2. */
const LARGEST_SQUARE = ((Math.SQRT2 - 1) / (Math.SQRT2 + 1)) ** 2;
/** (2·artanh(s) − 2·s)/s³, of s². */
const ARTANH = interpolation(
  (square) => {
    const s = Math.sqrt(square);
    return (2 * Math.atanh(s) - 2 * s) / (s * square);
  },
  2,
  [0, LARGEST_SQUARE],
);

/**
 * log x to a few units in the last place of float32, four at a time: −∞ of 0, NaN of what is less, ∞ of ∞, and NaN stays
 * NaN. What is no normal float32 counts as 0.
 */
export function simdLog(writer: FunctionWriter, x: Local): Local {
  const { n, exponent } = octave(writer, x);
  const mantissa = writer.value('i32x4.sub', x, exponent);
  const r = writer.value('f32x4.sub', mantissa, writer.floats(1));
  return withEdges(writer, x, series(writer, n, r));
}

/**
 * log(1 + x) to a few units in the last place of float32, near 0 too, four at a time: −∞ of −1, NaN of what is less, ∞ of
 * ∞, and NaN stays NaN.
 *
 * 1 + x only tells n: r = x·2⁻ⁿ + (2⁻ⁿ − 1) has all the digits of x, and is x itself where n = 0.
 */
export function simdLog1p(writer: FunctionWriter, x: Local): Local {
  const one = writer.floats(1);
  const sum = writer.value('f32x4.add', x, one);
  const { n, exponent } = octave(writer, sum);
  // Not a product: the exponent of x is in reach of n wherever n ≠ 0, also where 2⁻ⁿ is no float32.
  const scaled = writer.value('i32x4.sub', x, exponent);
  // Bits of 2⁻¹²⁸ would be those of −∞.
  const power = writer.value('f32x4.pmax', writer.value('i32x4.sub', one, exponent), writer.floats(0));
  const r = writer.value('f32x4.add', scaled, writer.value('f32x4.sub', power, one));
  return withEdges(writer, sum, series(writer, n, r));
}

/** n of x = 2ⁿ·m, √½ ≤ m < √2; `exponent` is n where the bits of a float32 have their exponent. */
function octave(writer: FunctionWriter, x: Local): { readonly n: Local; readonly exponent: Local } {
  const above = writer.value('i32x4.sub', x, writer.floats(Math.SQRT1_2));
  const n = writer.value('f32x4.convert_i32x4_s', writer.value('i32x4.shr_s', above, writer.int(23)));
  // The bits of −∞ are those of the sign and the exponent.
  return { n, exponent: writer.value('v128.and', above, writer.floats(Number.NEGATIVE_INFINITY)) };
}

/**
 * n·ln 2 + log(1 + r), where log(1 + r) = 2·artanh s, s = r/(2 + r): r − s·(r − (2·artanh(s) − 2·s)/s), in which r has
 * no rounding and the rest is small.
 */
function series(writer: FunctionWriter, n: Local, r: Local): Local {
  const s = writer.value('f32x4.div', r, writer.value('f32x4.add', r, writer.floats(2)));
  const square = writer.value('f32x4.mul', s, s);
  const rest = writer.subtractProduct(r, polynomial(writer, ARTANH, square), square);
  const low = writer.multiplyAdd(n, writer.floats(LN2_LOW), writer.subtractProduct(r, s, rest));
  return writer.multiplyAdd(n, writer.floats(LN2_HIGH), low);
}

/** The logarithm of x, with what it is where x is no normal, positive number. */
function withEdges(writer: FunctionWriter, x: Local, logarithm: Local): Local {
  const finite = writer.value('f32x4.lt', x, writer.floats(Number.POSITIVE_INFINITY));
  const above = writer.value('v128.bitselect', logarithm, x, finite);
  // All bits set, as in a true lane, are NaN.
  const negative = writer.value('f32x4.lt', x, writer.floats(0));
  const below = writer.value('v128.or', writer.floats(Number.NEGATIVE_INFINITY), negative);
  return writer.value(
    'v128.bitselect',
    below,
    above,
    writer.value('f32x4.lt', x, writer.floats(SMALLEST_NORMAL)),
  );
}
