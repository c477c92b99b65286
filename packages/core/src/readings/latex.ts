import type { TensorOps } from '../ops/tensor-ops.ts';

/** TeX of an expression, with how tightly its outermost operation binds. */
export interface Latex {
  readonly text: string;
  /** 0 sum, 1 product, 2 sign, 3 atom. */
  readonly binding: 0 | 1 | 2 | 3;
  /** Constants are kept as numbers too, so that `0 + x` and `1 · x` print as `x`. */
  readonly value?: number;
  /** A condition's opposite. */
  readonly negation?: string;
  /** Cases, so that one inside another is written as one. */
  readonly cases?: readonly (readonly [value: string, condition: string])[];
}

/** A symbol as papers write it, such as `\\cos\\theta_j`. */
export const symbol = (text: string): Latex => ({ text, binding: 3 });

const wrap = (a: Latex, binding: number): string =>
  a.binding < binding ? `\\left(${a.text}\\right)` : a.text;
const call = (name: string, a: Latex): Latex => ({
  text: `${name}${a.text.startsWith('\\') || a.text.length > 1 ? `\\left(${a.text}\\right)` : ` ${a.text}`}`,
  binding: 3,
});
const list = (name: string, a: Latex, b: Latex): Latex => ({
  text: `\\${name}\\left(${a.text},\\, ${b.text}\\right)`,
  binding: 3,
});

/** The reading that prints: the equations in the documentation are its output, so they can't drift. */
export const latexOps: TensorOps<Latex, Latex> = {
  constant: (value, name) =>
    name === undefined
      ? { text: number(value), binding: value < 0 ? 2 : 3, value }
      : { text: name, binding: /[+-]/.test(name.slice(1)) ? 0 : 3, value: Number.NaN },
  add: (a, b) => {
    if (a.value === 0) return b;
    if (b.value === 0) return a;
    return { text: `${a.text} + ${wrap(b, b.binding === 2 ? 3 : 0)}`, binding: 0 };
  },
  sub: (a, b) => {
    if (b.value === 0) return a;
    return { text: `${a.text} - ${wrap(b, b.binding === 2 ? 3 : 1)}`, binding: 0 };
  },
  mul: (a, b) => {
    if (a.value === 1) return b;
    if (b.value === 1) return a;
    return { text: `${wrap(a, 1)} \\cdot ${wrap(b, b.binding === 2 ? 3 : 2)}`, binding: 1 };
  },
  div: (a, b) => (b.value === 1 ? a : { text: `\\frac{${a.text}}{${b.text}}`, binding: 3 }),
  neg: (a) => ({ text: `-${wrap(a, a.binding === 2 ? 3 : 1)}`, binding: 2 }),
  abs: (a) => ({ text: `\\left\\lvert ${a.text} \\right\\rvert`, binding: 3 }),
  min: (a, b) => list('min', a, b),
  max: (a, b) => list('max', a, b),
  sqrt: (a) => ({ text: `\\sqrt{${a.text}}`, binding: 3 }),
  exp: (a) => ({ text: `e^{${a.text}}`, binding: 3 }),
  expm1: (a) => ({ text: `e^{${a.text}} - 1`, binding: 0 }),
  log: (a) => call('\\log', a),
  log1p: (a) => ({ text: `\\log\\left(1 + ${wrap(a, a.binding === 2 ? 3 : 0)}\\right)`, binding: 3 }),
  sin: (a) => call('\\sin', a),
  cos: (a) => call('\\cos', a),
  atan: (a) => call('\\arctan', a),
  greater: (a, b) => ({ text: `${a.text} > ${b.text}`, negation: `${a.text} \\le ${b.text}`, binding: 3 }),
  and: (a, b) => ({ text: `${wrap(a, 1)} \\wedge ${wrap(b, 1)}`, binding: 3 }),
  or: (a, b) => ({ text: `${a.text} \\vee ${b.text}`, binding: 0 }),
  not: (a) => ({ text: a.negation ?? `\\neg\\left(${a.text}\\right)`, negation: a.text, binding: 3 }),
  select: (condition, yes, no) => {
    const rest = no.cases ?? [[no.text, '\\text{otherwise}'] as const];
    const cases = [[yes.text, condition.text] as const, ...rest];
    const lines = cases.map(([value, when]) => `${value} & ${when}`).join('\\\\');
    return { text: `\\begin{cases}${lines}\\end{cases}`, binding: 3, cases };
  },
};

/** The same reading, which also takes note of the values that formulas name. */
export function latexWithDefinitions(): {
  readonly ops: TensorOps<Latex, Latex>;
  /** Symbol → what it stands for, in the order of their definition. */
  readonly definitions: ReadonlyMap<string, string>;
} {
  const definitions = new Map<string, string>();
  const define = (value: Latex, name: string): Latex => {
    definitions.set(name, value.text);
    return symbol(name);
  };
  return { ops: { ...latexOps, named: define }, definitions };
}

function number(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const [mantissa, exponent] = value.toExponential(3).split('e');
  const power = Number(exponent);
  if (power >= -3 && power < 6) return String(Number(value.toPrecision(6)));
  const digits = String(Number(mantissa));
  return digits === '1' ? `10^{${power}}` : `${digits} \\cdot 10^{${power}}`;
}
