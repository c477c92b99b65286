import type { BatchOps, TensorOps } from '../ops/tensor-ops.ts';
import { numberOps } from './number.ts';

/** One entry a sample, or a single entry that stands for all samples. */
export type BatchValues = Float64Array;
export type BatchMask = Uint8Array;

function map1(a: BatchValues, f: (x: number) => number): BatchValues {
  const out = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) out[i] = f(a[i]!);
  return out;
}

function at<A extends BatchValues | BatchMask>(a: A, i: number): number {
  return a.length === 1 ? a[0]! : a[i]!;
}

function map2(a: BatchValues, b: BatchValues, f: (x: number, y: number) => number): BatchValues {
  const out = new Float64Array(Math.max(a.length, b.length));
  for (let i = 0; i < out.length; i++) out[i] = f(at(a, i), at(b, i));
  return out;
}

function mask2(a: BatchMask, b: BatchMask, f: (x: number, y: number) => number): BatchMask {
  const out = new Uint8Array(Math.max(a.length, b.length));
  for (let i = 0; i < out.length; i++) out[i] = f(at(a, i), at(b, i));
  return out;
}

const scalar: TensorOps<number, boolean> = numberOps;

/** The float64 reading of statistics: {@link numberOps} lifted to the samples of a batch, with its reductions. */
export const batchOps: BatchOps<BatchValues, BatchMask> = {
  constant: (value) => Float64Array.of(value),
  add: (a, b) => map2(a, b, scalar.add),
  sub: (a, b) => map2(a, b, scalar.sub),
  mul: (a, b) => map2(a, b, scalar.mul),
  div: (a, b) => map2(a, b, scalar.div),
  neg: (a) => map1(a, scalar.neg),
  min: (a, b) => map2(a, b, scalar.min),
  max: (a, b) => map2(a, b, scalar.max),
  sqrt: (a) => map1(a, scalar.sqrt),
  exp: (a) => map1(a, scalar.exp),
  expm1: (a) => map1(a, scalar.expm1),
  log: (a) => map1(a, scalar.log),
  sin: (a) => map1(a, scalar.sin),
  cos: (a) => map1(a, scalar.cos),
  atan: (a) => map1(a, scalar.atan),
  greater: (a, b) => {
    const out = new Uint8Array(Math.max(a.length, b.length));
    for (let i = 0; i < out.length; i++) out[i] = at(a, i) > at(b, i) ? 1 : 0;
    return out;
  },
  and: (a, b) => mask2(a, b, (x, y) => x & y),
  or: (a, b) => mask2(a, b, (x, y) => x | y),
  not: (a) => a.map((x) => 1 - x),
  select: (condition, yes, no) => {
    const out = new Float64Array(Math.max(condition.length, yes.length, no.length));
    for (let i = 0; i < out.length; i++) out[i] = at(condition, i) === 1 ? at(yes, i) : at(no, i);
    return out;
  },
  sum: (values) => {
    let total = 0;
    for (const value of values) total += value;
    return Float64Array.of(total);
  },
  count: (values) => Float64Array.of(values.length),
  argsort: (values, direction) => {
    const sign = direction === 'ascending' ? 1 : -1;
    const order = Array.from(values, (_, i) => i);
    order.sort((i, j) => sign * (values[i]! - values[j]!) || i - j);
    return Float64Array.from(order);
  },
  gather: (values, indices) => map1(indices, (i) => at(values, i)),
};
