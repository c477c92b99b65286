import type { TensorOps } from '../ops/tensor-ops.ts';

/** All numbers from `low` to `high`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What a comparison of intervals may come to. */
export interface Possible {
  readonly yes: boolean;
  readonly no: boolean;
}

/** The interval from `low` to `high`; of one number where `high` is left out. */
export function interval(low: number, high: number = low): Interval {
  return { low, high };
}

/**
 * The reading that bounds: every formula yields an interval that holds all its values over the intervals that it is
 * given. Operands are taken to be independent, so a bound may be wider than it need be, never narrower (rounding of the
 * last bit aside).
 */
export const intervalOps: TensorOps<Interval, Possible> = {
  constant: (value) => interval(value),
  add: (a, b) => interval(a.low + b.low, a.high + b.high),
  sub: (a, b) => interval(a.low - b.high, a.high - b.low),
  mul: (a, b) => hull([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]),
  div: (a, b) =>
    b.low <= 0 && b.high >= 0
      ? EVERYTHING
      : hull([a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high]),
  neg: (a) => interval(-a.high, -a.low),
  abs: (a) => interval(Math.max(a.low, -a.high, 0), Math.max(-a.low, a.high)),
  min: (a, b) => interval(Math.min(a.low, b.low), Math.min(a.high, b.high)),
  max: (a, b) => interval(Math.max(a.low, b.low), Math.max(a.high, b.high)),
  sqrt: (a) => interval(Math.sqrt(Math.max(a.low, 0)), Math.sqrt(Math.max(a.high, 0))),
  exp: (a) => interval(Math.exp(a.low), Math.exp(a.high)),
  expm1: (a) => interval(Math.expm1(a.low), Math.expm1(a.high)),
  log: (a) => interval(Math.log(Math.max(a.low, 0)), Math.log(Math.max(a.high, 0))),
  log1p: (a) => interval(Math.log1p(Math.max(a.low, -1)), Math.log1p(Math.max(a.high, -1))),
  sin: (a) => (a.low === a.high ? interval(Math.sin(a.low)) : interval(-1, 1)),
  cos: (a) => (a.low === a.high ? interval(Math.cos(a.low)) : interval(-1, 1)),
  atan: (a) => interval(Math.atan(a.low), Math.atan(a.high)),
  greater: (a, b) => ({ yes: a.high > b.low, no: a.low <= b.high }),
  and: (a, b) => ({ yes: a.yes && b.yes, no: a.no || b.no }),
  or: (a, b) => ({ yes: a.yes || b.yes, no: a.no && b.no }),
  not: (a) => ({ yes: a.no, no: a.yes }),
  select: (condition, yes, no) => {
    if (!condition.no) return yes;
    if (!condition.yes) return no;
    return interval(Math.min(yes.low, no.low), Math.max(yes.high, no.high));
  },
};

const EVERYTHING: Interval = interval(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

function hull(values: readonly number[]): Interval {
  // 0·∞ bounds nothing.
  if (values.some(Number.isNaN)) return EVERYTHING;
  return interval(Math.min(...values), Math.max(...values));
}
