import type { Node, TensorOps } from '@cf/core';

/*
 * Shading languages promise few digits of these: log(1 + x) and e^x − 1 are taken of rounded sums, an arc tangent may be off
 * by 4096 units in the last place, and a sine by 2⁻¹¹. Series that leave off below 1e-9 are computed alike in every mode.
 */

/** Operations whose logarithms of 1 + x, e^x − 1 and arc tangents keep the digits of float32 wherever kernels run. */
export function accurateOps<T extends Node>(ops: TensorOps<T, T>): TensorOps<T, T> {
  return {
    ...ops,
    log1p: (x) => log1p(ops, x),
    expm1: (x) => expm1(ops, x),
    atan: (x) => atan(ops, x),
  };
}

/** c₀ + c₁·x + c₂·x² + … */
function series<T>(ops: TensorOps<T, T>, x: T, coefficients: readonly number[]): T {
  return coefficients
    .map((value) => ops.constant(value))
    .reduceRight((sum, coefficient) => ops.add(coefficient, ops.mul(x, sum)));
}

const counted = (terms: number, coefficient: (n: number) => number): number[] =>
  Array.from({ length: terms }, (_, n) => coefficient(n));

/** 2·artanh(x/(2 + x)) where |x| ≤ ½. */
function log1p<T>(ops: TensorOps<T, T>, x: T): T {
  const [one, two] = [ops.constant(1), ops.constant(2)];
  const s = ops.div(x, ops.add(two, x));
  const near = ops.mul(
    ops.mul(two, s),
    series(
      ops,
      ops.mul(s, s),
      counted(8, (n) => 1 / (2 * n + 1)),
    ),
  );
  return ops.select(ops.greater(ops.abs(x), ops.constant(0.5)), ops.log(ops.add(one, x)), near);
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

function expm1<T>(ops: TensorOps<T, T>, x: T): T {
  const near = ops.mul(
    x,
    series(
      ops,
      x,
      counted(10, (n) => 1 / factorial(n + 1)),
    ),
  );
  const far = ops.sub(ops.exp(x), ops.constant(1));
  return ops.select(ops.greater(ops.abs(x), ops.constant(0.5)), far, near);
}

/** Brought below tan(π/8), by way of π/2 − atan(1/x) and π/4 + atan((x − 1)/(x + 1)). */
function atan<T>(ops: TensorOps<T, T>, x: T): T {
  const one = ops.constant(1);
  const size = ops.abs(x);
  const beyond = ops.greater(size, one);
  const inside = ops.select(beyond, ops.div(one, ops.max(size, one)), size);
  const wide = ops.greater(inside, ops.constant(Math.tan(Math.PI / 8)));
  const s = ops.select(wide, ops.div(ops.sub(inside, one), ops.add(inside, one)), inside);
  const small = ops.mul(
    s,
    series(
      ops,
      ops.mul(s, s),
      counted(10, (n) => (-1) ** n / (2 * n + 1)),
    ),
  );
  const angle = ops.select(wide, ops.add(ops.constant(Math.PI / 4), small), small);
  const whole = ops.select(beyond, ops.sub(ops.constant(Math.PI / 2), angle), angle);
  return ops.select(ops.greater(ops.constant(0), x), ops.neg(whole), whole);
}

/** π/2 in parts, the first two of which float32 multiplies by small whole numbers without rounding. */
const HALF_PI = [1.5703125, 4.837512969970703e-4, 7.549789954891882e-8] as const;

/** Terms of the sine's and cosine's series within ±π/4. */
const TERMS = 6;

/** Lines of a formula with its sines and cosines written out: by the quarter turns in them, and series for the rest. */
export function withAccurateAngles(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, name, of, x] = /^const (\w+) = Math\.(sin|cos)\((.+)\);$/.exec(line) ?? [];
    return name === undefined ? [line] : angleLines(name, of === 'cos' ? 1 : 0, x!);
  });
}

function angleLines(name: string, quarters: number, x: string): string[] {
  const horner = (start: number): string =>
    Array.from({ length: TERMS }, (_, n) => (-1) ** n / factorial(2 * n + start))
      .map((value) => (value < 0 ? `(${value})` : String(value)))
      .reduceRight((sum, coefficient) => `(${coefficient} + ${name}square * ${sum})`);
  const [first, second, third] = HALF_PI;
  return [
    `const ${name}turns = Math.floor(${x} * ${2 / Math.PI} + 0.5);`,
    `const ${name}near = ${x} - ${name}turns * ${first};`,
    `const ${name}rest = ${name}near - ${name}turns * ${second} - ${name}turns * ${third};`,
    `const ${name}square = ${name}rest * ${name}rest;`,
    `const ${name}sine = ${name}rest * ${horner(1)};`,
    `const ${name}cosine = ${horner(0)};`,
    `const ${name}quarter = ${name}turns + ${quarters} - 4 * Math.floor((${name}turns + ${quarters + 0.5}) / 4);`,
    `const ${name}odd = ${name}quarter === 1 || ${name}quarter === 3;`,
    `const ${name}size = ${name}odd ? ${name}cosine : ${name}sine;`,
    `const ${name} = ${name}quarter > 1 ? -${name}size : ${name}size;`,
  ];
}
