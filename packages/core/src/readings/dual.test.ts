import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Dual, dualOps, fixed, variable } from './dual.ts';
import { numberOps } from './number.ts';

const H = 1e-6;
const SMOOTH = ['neg', 'abs', 'sqrt', 'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'atan'] as const;
const BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max'] as const;
const positive = fc.double({ min: 0.1, max: 4, noNaN: true });
const any = fc.double({ min: -4, max: 4, noNaN: true });

function expectSlope(actual: Dual, f: (x: number) => number, at: number): void {
  const numeric = (f(at + H) - f(at - H)) / (2 * H);
  expect(actual.value).toBe(f(at));
  expect(Math.abs(actual.slope - numeric)).toBeLessThan(1e-6 * Math.max(1, Math.abs(numeric)));
}

describe('derivatives are central differences', () => {
  test.each(SMOOTH)('%s', (op) => {
    fc.assert(
      fc.property(op === 'sqrt' || op === 'log' || op === 'log1p' ? positive : any, (x) => {
        fc.pre(op !== 'abs' || Math.abs(x) > 1e-3);
        expectSlope(dualOps[op](variable(x)), (v) => numberOps[op](v), x);
      }),
    );
  });

  test.each(BINARY)('%s, by the first, the second and both operands', (op) => {
    fc.assert(
      fc.property(any, positive, (a, b) => {
        fc.pre(Math.abs(a - b) > 1e-3);
        expectSlope(dualOps[op](variable(a), fixed(b)), (v) => numberOps[op](v, b), a);
        expectSlope(dualOps[op](fixed(a), variable(b)), (v) => numberOps[op](a, v), b);
        const both = (v: number): number => numberOps[op](v, numberOps.add(v, b));
        fc.pre(Math.abs(a + b) > 0.1);
        expectSlope(dualOps[op](variable(a), dualOps.add(variable(a), fixed(b))), both, a);
      }),
    );
  });

  test('select takes the slope of the side taken, comparisons look at values', () => {
    fc.assert(
      fc.property(any, any, (x, bound) => {
        fc.pre(Math.abs(x - bound) > 1e-3);
        const above = dualOps.greater(variable(x), fixed(bound));
        expect(above).toBe(x > bound);
        const chosen = dualOps.select(above, dualOps.mul(variable(x), variable(x)), dualOps.sin(variable(x)));
        expectSlope(chosen, (v) => (v > bound ? v * v : Math.sin(v)), x);
        expect(dualOps.or(above, dualOps.not(above))).toBe(true);
        expect(dualOps.and(above, dualOps.not(above))).toBe(false);
      }),
    );
  });

  test('the chain rule through a nest of operations', () => {
    const f = (x: number): number => Math.exp(Math.sin(x * x)) / (2 + Math.atan(Math.expm1(x)));
    const ops = dualOps;
    fc.assert(
      fc.property(fc.double({ min: -2, max: 2, noNaN: true }), (value) => {
        const x = variable(value);
        const below = ops.add(ops.constant(2), ops.atan(ops.expm1(x)));
        expectSlope(ops.div(ops.exp(ops.sin(ops.mul(x, x))), below), f, value);
      }),
    );
  });
});

test('a constant has slope 0, a kink that of its first side', () => {
  expect(dualOps.constant(3)).toEqual({ value: 3, slope: 0 });
  expect(dualOps.max(variable(1), fixed(1)).slope).toBe(1);
  expect(dualOps.min(variable(1), fixed(1)).slope).toBe(1);
  expect(dualOps.abs(variable(0)).slope).toBe(1);
});

test('root and logarithm of a constant 0 have slope 0', () => {
  expect(dualOps.sqrt(fixed(0)).slope).toBe(0);
  expect(dualOps.log(fixed(0)).slope).toBe(0);
});
