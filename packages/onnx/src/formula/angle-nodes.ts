import type { GraphBuilder } from '../builder/graph-builder.ts';
import { scalar } from './scalar.ts';

/**
 * Sine, cosine and arc tangent out of arithmetic, for graphs: shading languages promise few digits for their own (SwiftShader
 * gives a cosine to 2e-5), and margins multiply what is lost by s.
 */
class Arithmetic {
  readonly #builder: GraphBuilder;

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  op(operator: string, ...operands: readonly (string | number)[]): string {
    const names = operands.map((operand) =>
      typeof operand === 'number' ? scalar(this.#builder, operand) : operand,
    );
    return this.#builder.op(operator, names);
  }

  /** Σ_k coefficients_k·x^{2k + 1}. */
  odd(x: string, coefficients: readonly number[]): string {
    const square = this.op('Mul', x, x);
    const [last, ...others] = coefficients.toReversed();
    let sum: string | number = last!;
    for (const coefficient of others) sum = this.op('Add', this.op('Mul', square, sum), coefficient);
    return this.op('Mul', x, sum);
  }
}

/** sin y, |y| ≤ π/2: (−1)^k/(2k + 1)!, to y¹³. */
const SINE: readonly number[] = [1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800];
/** arctan y, |y| ≤ tan(π/8): (−1)^k/(2k + 1). */
const ARC_TANGENT: readonly number[] = Array.from(
  { length: 9 },
  (_, k) => (k % 2 === 0 ? 1 : -1) / (2 * k + 1),
);

/** Half of an angle, brought within ±π before. */
function halfAngle(math: Arithmetic, a: string): string {
  const turns = math.op('Floor', math.op('Add', math.op('Mul', a, 1 / (2 * Math.PI)), 0.5));
  // 2π in two parts: the first has so few digits that its product with a small integer is exact.
  const high = 6.28125;
  const near = math.op(
    'Sub',
    math.op('Sub', a, math.op('Mul', turns, high)),
    math.op('Mul', turns, 2 * Math.PI - high),
  );
  return math.op('Mul', near, 0.5);
}

/** cos a = 1 − 2·sin²(a/2). */
export function cosineNode(builder: GraphBuilder, a: string): string {
  const math = new Arithmetic(builder);
  const sine = math.odd(halfAngle(math, a), SINE);
  return math.op('Sub', 1, math.op('Mul', math.op('Mul', sine, sine), 2));
}

/** sin a = 2·sin(a/2)·cos(a/2), which keeps its digits near 0. */
export function sineNode(builder: GraphBuilder, a: string): string {
  const math = new Arithmetic(builder);
  const half = halfAngle(math, a);
  const quarter = math.odd(math.op('Mul', half, 0.5), SINE);
  const cosine = math.op('Sub', 1, math.op('Mul', math.op('Mul', quarter, quarter), 2));
  return math.op('Mul', math.op('Mul', math.odd(half, SINE), cosine), 2);
}

/** arctan a by π/2 − arctan 1/a past 1 and π/4 + arctan (y − 1)/(y + 1) past tan(π/8). */
export function arcTangentNode(builder: GraphBuilder, a: string): string {
  const math = new Arithmetic(builder);
  const size = math.op('Abs', a);
  const large = math.op('Greater', size, 1);
  const y = math.op('Where', large, math.op('Div', 1, math.op('Max', size, 1)), size);
  const middle = math.op('Greater', y, Math.tan(Math.PI / 8));
  const turned = math.op('Div', math.op('Sub', y, 1), math.op('Add', y, 1));
  const near = math.odd(math.op('Where', middle, turned, y), ARC_TANGENT);
  const within = math.op('Add', near, math.op('Where', middle, Math.PI / 4, 0));
  const angle = math.op('Where', large, math.op('Sub', Math.PI / 2, within), within);
  return math.op('Where', math.op('Greater', 0, a), math.op('Neg', angle), angle);
}
