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

function map2<A extends BatchValues | BatchMask>(
  a: A,
  b: A,
  f: (x: number, y: number) => number,
): BatchValues {
  const out = new Float64Array(Math.max(a.length, b.length));
  for (let i = 0; i < out.length; i++) out[i] = f(at(a, i), at(b, i));
  return out;
}

function mask2<A extends BatchValues | BatchMask>(
  a: A,
  b: A,
  f: (x: number, y: number) => number,
): BatchMask {
  return Uint8Array.from(map2(a, b, f));
}

/** State values, or others of the whole batch, as scalars. */
export function scalarsOf(values: Readonly<Record<string, number>>): Record<string, BatchValues> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float64Array.of(value)]));
}

/** Of one sample; scalars are those of every sample. */
export function sampleAt(values: Readonly<Record<string, BatchValues>>, i: number): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, entries]) => [name, at(entries, i)]));
}

/** One entry a sample, also of a scalar: [B]. */
export function perSample(values: BatchValues, batch: number): BatchValues {
  return values.length === batch ? values : new Float64Array(batch).fill(values[0]!);
}

type Scalar = (...operands: number[]) => number;
type Lifted = Omit<
  TensorOps<BatchValues, BatchMask>,
  'constant' | 'greater' | 'and' | 'or' | 'not' | 'select'
>;

/** Every function of numbers that gives a number, sample by sample: those of one operand and those of two. */
function lifted(): Lifted {
  const lift = (f: Scalar): unknown =>
    f.length === 1 ? (a: BatchValues) => map1(a, f) : (a: BatchValues, b: BatchValues) => map2(a, b, f);
  const entries = Object.entries(numberOps as unknown as Record<string, Scalar>);
  return Object.fromEntries(entries.map(([name, f]) => [name, lift(f)])) as unknown as Lifted;
}

/** The float64 reading of statistics: {@link numberOps} lifted to the samples of a batch, with its reductions. */
export const batchOps: BatchOps<BatchValues, BatchMask> = /* @__PURE__ */ createBatchOps();

function createBatchOps(): BatchOps<BatchValues, BatchMask> {
  return {
    ...lifted(),
    constant: (value) => Float64Array.of(value),
    greater: (a, b) => mask2(a, b, (x, y) => (x > y ? 1 : 0)),
    and: (a, b) => mask2(a, b, (x, y) => x & y),
    or: (a, b) => mask2(a, b, (x, y) => x | y),
    not: (a) => a.map((x) => 1 - x),
    select: (condition, yes, no) => {
      const out = new Float64Array(Math.max(condition.length, yes.length, no.length));
      for (let i = 0; i < out.length; i++) out[i] = at(condition, i) === 1 ? at(yes, i) : at(no, i);
      return out;
    },
    sum: (values) => Float64Array.of(values.reduce((total, value) => total + value, 0)),
    count: (values) => Float64Array.of(values.length),
    argsort: (values, direction) => {
      const sign = direction === 'ascending' ? 1 : -1;
      const order = Array.from(values, (_, i) => i);
      order.sort((i, j) => sign * (values[i]! - values[j]!) || i - j);
      return Float64Array.from(order);
    },
    gather: (values, indices) => map1(indices, (i) => at(values, i)),
    sumOfClass: (values, labels) => {
      const sums = new Map<number, number>();
      labels.forEach((label, i) => {
        sums.set(label, (sums.get(label) ?? 0) + at(values, i));
      });
      return map1(labels, (label) => sums.get(label)!);
    },
  };
}
