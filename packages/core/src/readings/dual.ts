import type { TensorOps } from '../ops/tensor-ops.ts';

/** A value and its derivative with respect to one chosen variable. */
export interface Dual {
  readonly value: number;
  readonly slope: number;
}

/** The variable that derivatives are taken with respect to: slope 1. */
export const variable = (value: number): Dual => ({ value, slope: 1 });

/** A quantity that does not depend on the variable: slope 0. */
export const fixed = (value: number): Dual => ({ value, slope: 0 });

const dual = (value: number, slope: number): Dual => ({ value, slope });

/**
 * The reading that differentiates: every operation carries the exact derivative along (forward mode), so an
 * analytic slope is proved without finite differences. A constant stays one, also where the operation has no slope.
 */
export const dualOps: TensorOps<Dual, boolean> = {
  constant: fixed,
  add: (a, b) => dual(a.value + b.value, a.slope + b.slope),
  sub: (a, b) => dual(a.value - b.value, a.slope - b.slope),
  mul: (a, b) => dual(a.value * b.value, a.slope * b.value + a.value * b.slope),
  div: (a, b) => dual(a.value / b.value, (a.slope - (a.value / b.value) * b.slope) / b.value),
  neg: (a) => dual(-a.value, -a.slope),
  abs: (a) => (a.value < 0 ? dual(-a.value, -a.slope) : dual(Math.abs(a.value), a.slope)),
  min: (a, b) => (b.value < a.value ? b : a),
  max: (a, b) => (b.value > a.value ? b : a),
  sqrt: (a) => {
    const root = Math.sqrt(a.value);
    return dual(root, a.slope === 0 ? 0 : a.slope / (2 * root));
  },
  exp: (a) => dual(Math.exp(a.value), Math.exp(a.value) * a.slope),
  expm1: (a) => dual(Math.expm1(a.value), Math.exp(a.value) * a.slope),
  log: (a) => dual(Math.log(a.value), a.slope === 0 ? 0 : a.slope / a.value),
  log1p: (a) => dual(Math.log1p(a.value), a.slope / (1 + a.value)),
  sin: (a) => dual(Math.sin(a.value), Math.cos(a.value) * a.slope),
  cos: (a) => dual(Math.cos(a.value), -Math.sin(a.value) * a.slope),
  atan: (a) => dual(Math.atan(a.value), a.slope / (1 + a.value * a.value)),
  greater: (a, b) => a.value > b.value,
  and: (a, b) => a && b,
  or: (a, b) => a || b,
  not: (a) => !a,
  select: (condition, yes, no) => (condition ? yes : no),
  detach: ({ value }) => fixed(value),
};
