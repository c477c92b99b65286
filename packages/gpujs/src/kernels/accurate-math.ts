import type { TensorOps } from '@cf/core';

/*
 * Shading languages promise few digits of these: log(1 + x) and e^x − 1 are taken of rounded sums, an arc tangent may be off
 * by 4096 units in the last place, and a sine by 2⁻¹¹. Series that leave off below 1e-9 are computed alike in every mode.
 */

/** Operations whose e^x − 1 and arc tangents keep the digits of float32 wherever kernels run. */
export function accurateOps<T>(ops: TensorOps<T, T>): TensorOps<T, T> {
  return { ...ops, expm1: (x) => expm1(ops, x), atan: (x) => atan(ops, x) };
}

/** c₀ + c₁·x + c₂·x² + … */
function series<T>(ops: TensorOps<T, T>, x: T, coefficients: readonly number[]): T {
  return coefficients
    .map((value) => ops.constant(value))
    .reduceRight((sum, coefficient) => ops.add(coefficient, ops.mul(x, sum)));
}

const counted = (terms: number, coefficient: (n: number) => number): number[] =>
  Array.from({ length: terms }, (_, n) => coefficient(n));

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

/** Lines of a formula with what takes more than operations written out: sines, cosines and log(1 + x). */
export function withAccurateLines(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, name, of, x] = /^const (\w+) = Math\.(sin|cos|log1p)\((.+)\);$/.exec(line) ?? [];
    if (name === undefined) return [line];
    return of === 'log1p' ? log1pLines(name, x!) : angleLines(name, of === 'cos' ? 1 : 0, x!);
  });
}

/** c₀ + c₁·x + c₂·x² + … */
const seriesText = (x: string, coefficients: readonly number[]): string =>
  coefficients
    .map((value) => (value < 0 ? `(${value})` : String(value)))
    .reduceRight((sum, coefficient) => `(${coefficient} + ${x} * ${sum})`);

/** 2·artanh(x/(2 + x)) where −½ ≤ x ≤ 1, as that of a softplus is; only past it a logarithm is called. */
function log1pLines(name: string, x: string): string[] {
  const terms = seriesText(
    `${name}square`,
    counted(9, (n) => 2 / (2 * n + 1)),
  );
  return [
    `const ${name}share = ${x} / (2 + ${x});`,
    `const ${name}square = ${name}share * ${name}share;`,
    `const ${name} = ${x} > 1 || ${x} < -0.5 ? Math.log(1 + ${x}) : ${name}share * ${terms};`,
  ];
}

/** By the quarter turns in x, and series for the rest, within ±π/4. */
function angleLines(name: string, quarters: number, x: string): string[] {
  const terms = (start: number): string =>
    seriesText(
      `${name}square`,
      counted(6, (n) => (-1) ** n / factorial(2 * n + start)),
    );
  const [first, second, third] = HALF_PI;
  return [
    `const ${name}turns = Math.floor(${x} * ${2 / Math.PI} + 0.5);`,
    `const ${name}near = ${x} - ${name}turns * ${first};`,
    `const ${name}rest = ${name}near - ${name}turns * ${second} - ${name}turns * ${third};`,
    `const ${name}square = ${name}rest * ${name}rest;`,
    `const ${name}sine = ${name}rest * ${terms(1)};`,
    `const ${name}cosine = ${terms(0)};`,
    `const ${name}quarter = ${name}turns + ${quarters} - 4 * Math.floor((${name}turns + ${quarters + 0.5}) / 4);`,
    `const ${name}odd = ${name}quarter === 1 || ${name}quarter === 3;`,
    `const ${name}size = ${name}odd ? ${name}cosine : ${name}sine;`,
    `const ${name} = ${name}quarter > 1 ? -${name}size : ${name}size;`,
  ];
}
