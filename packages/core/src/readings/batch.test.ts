import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchOps } from './batch.ts';
import { numberOps } from './number.ts';

const UNARY = ['neg', 'abs', 'sqrt', 'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'atan'] as const;
const BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max'] as const;
const pairs = fc.array(fc.tuple(fc.double(), fc.double()), { minLength: 2, maxLength: 8 });
const first = (rows: readonly (readonly [number, number])[]): Float64Array =>
  Float64Array.from(rows, ([a]) => a);
const second = (rows: readonly (readonly [number, number])[]): Float64Array =>
  Float64Array.from(rows, ([, b]) => b);

describe('element by element the readings of numbers and of batches agree', () => {
  test.each(UNARY)('%s', (op) => {
    fc.assert(
      fc.property(pairs, (rows) => {
        expect(batchOps[op](first(rows))).toEqual(Float64Array.from(rows, ([a]) => numberOps[op](a)));
      }),
    );
  });

  test.each(BINARY)('%s, with a scalar on either side too', (op) => {
    fc.assert(
      fc.property(pairs, fc.double(), (rows, scalar) => {
        const lone = batchOps.constant(scalar);
        const f = numberOps[op];
        expect(batchOps[op](first(rows), second(rows))).toEqual(Float64Array.from(rows, ([a, b]) => f(a, b)));
        expect(batchOps[op](first(rows), lone)).toEqual(Float64Array.from(rows, ([a]) => f(a, scalar)));
        expect(batchOps[op](lone, first(rows))).toEqual(Float64Array.from(rows, ([a]) => f(scalar, a)));
      }),
    );
  });

  test('greater, and, or, not, select', () => {
    fc.assert(
      fc.property(pairs, fc.double(), (rows, scalar) => {
        const [a, b] = [first(rows), second(rows)];
        const more = batchOps.greater(a, b);
        const lone = batchOps.greater(a, batchOps.constant(scalar));
        rows.forEach(([x, y], i) => {
          expect(more[i]).toBe(x > y ? 1 : 0);
          expect(lone[i]).toBe(x > scalar ? 1 : 0);
          expect(batchOps.and(more, lone)[i]).toBe(x > y && x > scalar ? 1 : 0);
          expect(batchOps.or(more, lone)[i]).toBe(x > y || x > scalar ? 1 : 0);
          expect(batchOps.not(more)[i]).toBe(x > y ? 0 : 1);
          expect(batchOps.select(more, a, b)[i]).toBe(numberOps.select(x > y, x, y));
          expect(batchOps.select(more, a, batchOps.constant(7))[i]).toBe(x > y ? x : 7);
        });
      }),
    );
  });

  test('a mask of one entry stands for all samples', () => {
    const yes = batchOps.greater(batchOps.constant(1), batchOps.constant(0));
    expect(batchOps.select(yes, Float64Array.of(1, 2), batchOps.constant(9))).toEqual(Float64Array.of(1, 2));
    expect(batchOps.and(yes, Uint8Array.of(0, 1))).toEqual(Uint8Array.of(0, 1));
  });
});

describe('reductions', () => {
  test('sum and count', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1e6, max: 1e6 })), (values) => {
        expect(Array.from(batchOps.sum(Float64Array.from(values)))).toEqual([
          values.reduce((sum, value) => sum + value, 0),
        ]);
        expect(Array.from(batchOps.count(Float64Array.from(values)))).toEqual([values.length]);
      }),
    );
  });

  test('argsort is stable in both directions', () => {
    expect(Array.from(batchOps.argsort(Float64Array.of(2, 1, 2, 0, 1), 'ascending'))).toEqual([
      3, 1, 4, 0, 2,
    ]);
    expect(Array.from(batchOps.argsort(Float64Array.of(2, 1, 2, 0, 1), 'descending'))).toEqual([
      0, 2, 1, 4, 3,
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 })), (values) => {
        for (const direction of ['ascending', 'descending'] as const) {
          const order = Array.from(batchOps.argsort(Float64Array.from(values), direction));
          const sign = direction === 'ascending' ? 1 : -1;
          for (let k = 1; k < order.length; k++) {
            const step = sign * (values[order[k]!]! - values[order[k - 1]!]!);
            expect(step > 0 || (step === 0 && order[k]! > order[k - 1]!)).toBe(true);
          }
          expect([...order].sort((a, b) => a - b)).toEqual(values.map((_, i) => i));
        }
      }),
    );
  });

  test('gather picks by position, and sorts by an argsort', () => {
    const values = Float64Array.of(3, 1, 2);
    expect(batchOps.gather(values, Float64Array.of(2, 2, 0))).toEqual(Float64Array.of(2, 2, 3));
    expect(batchOps.gather(values, batchOps.argsort(values, 'ascending'))).toEqual(Float64Array.of(1, 2, 3));
  });

  test('nothing changes its operands', () => {
    const values = Float64Array.of(3, 1, 2);
    batchOps.argsort(values, 'ascending');
    batchOps.neg(values);
    batchOps.not(Uint8Array.of(1));
    expect(values).toEqual(Float64Array.of(3, 1, 2));
  });
});
