import type { FunctionWriter, Local } from './function-writer.ts';

/** Coefficients, highest power first, of the polynomial that is f at the Chebyshev nodes of an interval. */
export function interpolation(
  f: (x: number) => number,
  degree: number,
  [low, high]: readonly [number, number],
): readonly number[] {
  const nodes = Array.from(
    { length: degree + 1 },
    (_, k) => (low + high) / 2 + ((high - low) / 2) * Math.cos((Math.PI * (k + 0.5)) / (degree + 1)),
  );
  // Newton's divided differences, then Horner's scheme on the polynomials (x − node).
  const differences = nodes.map(f);
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

/** The polynomial's value by Horner's scheme, four at a time. */
export function polynomial(writer: FunctionWriter, coefficients: readonly number[], x: Local): Local {
  const [leading, ...others] = coefficients;
  let sum = writer.floats(leading!);
  for (const coefficient of others) sum = writer.multiplyAdd(sum, x, writer.floats(coefficient));
  return sum;
}
