import type { FunctionWriter, Local } from './function-writer.ts';

/** Below, e^x is no normal float32, and counts as 0. */
const LOWEST = -87.33;
/** Above, 2^n does not fit; what is larger counts as this. */
const HIGHEST = 88.37;
/** ln 2 in two parts: the first has so few digits that n·LN2_HIGH is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = Math.LN2 - LN2_HIGH;
/** Added to a number below 2²², it rounds to an integer, which stands in the low bits of the sum. */
const ROUNDING = 1.5 * 2 ** 23;
const DEGREE = 6;

/**
 * e^x to about one unit in the last place of float32, four at a time: 0 below −87.33, e^88.37 above that, and NaN stays
 * NaN.
 *
 * e^x = 2^n·e^r, n = round(x/ln 2), |r| ≤ ½·ln 2; e^r is a polynomial (error under 2⁻²⁸), and n is added to the exponent
 * of its bits.
 */
export function simdExp(writer: FunctionWriter, x: Local): Local {
  const bounded = writer.value('f32x4.pmin', x, writer.floats(HIGHEST));
  const rounding = writer.floats(ROUNDING);
  const inLowBits = writer.multiplyAdd(bounded, writer.floats(1 / Math.LN2), rounding);
  const n = writer.value('f32x4.sub', inLowBits, rounding);
  const high = writer.subtractProduct(bounded, n, writer.floats(LN2_HIGH));
  const r = writer.subtractProduct(high, n, writer.floats(LN2_LOW));
  const [leading, ...others] = COEFFICIENTS;
  let sum = writer.floats(leading!);
  for (const coefficient of others) sum = writer.multiplyAdd(sum, r, writer.floats(coefficient));
  const exponent = writer.value('i32x4.shl', inLowBits, writer.int(23));
  const result = writer.value('i32x4.add', sum, exponent);
  return writer.value('v128.andnot', result, writer.value('f32x4.lt', x, writer.floats(LOWEST)));
}

/** Highest power first: the polynomial that is e^r at the Chebyshev nodes of |r| ≤ ½·ln 2. */
const COEFFICIENTS: readonly number[] = interpolation(DEGREE, Math.LN2 / 2);

function interpolation(degree: number, halfWidth: number): readonly number[] {
  const nodes = Array.from(
    { length: degree + 1 },
    (_, k) => halfWidth * Math.cos((Math.PI * (k + 0.5)) / (degree + 1)),
  );
  // Newton's divided differences, then Horner's scheme on the polynomials (r − node).
  const differences = nodes.map(Math.exp);
  for (let level = 1; level <= degree; level++) {
    for (let k = degree; k >= level; k--) {
      differences[k] = (differences[k]! - differences[k - 1]!) / (nodes[k]! - nodes[k - level]!);
    }
  }
  let coefficients: number[] = [];
  for (let k = degree; k >= 0; k--) {
    const shifted = [...coefficients, 0];
    coefficients.forEach((value, at) => {
      shifted[at + 1]! -= value * nodes[k]!;
    });
    shifted[shifted.length - 1]! += differences[k]!;
    coefficients = shifted;
  }
  return coefficients;
}
