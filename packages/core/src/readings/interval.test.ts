import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curricularFace } from '../losses/curricular-face.ts';
import { mvArcSoftmax } from '../losses/mv-softmax.ts';
import { normFace } from '../losses/norm-face.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import { type Interval, interval, intervalOps } from './interval.ts';
import { numberOps } from './number.ts';

const number = fc.double({ min: -3, max: 3, noNaN: true });
const range: fc.Arbitrary<Interval> = fc
  .tuple(number, number)
  .map(([a, b]) => interval(Math.min(a, b), Math.max(a, b)));
const inside = (bounds: Interval, share: number): number =>
  Math.min(bounds.high, bounds.low + share * (bounds.high - bounds.low));
const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Every operation on truth values, once. */
function choose<T, M>({ greater, and, or, not, select }: TensorOps<T, M>, p: T, q: T, r: T): T {
  const either = or(greater(p, q), not(greater(q, r)));
  return select(and(either, greater(r, p)), p, r);
}

function expectInside(value: number, { low, high }: Interval): void {
  const slack = 1e-12 * Math.max(1, Math.abs(value));
  expect(value).toBeGreaterThanOrEqual(low - slack);
  expect(value).toBeLessThanOrEqual(high + slack);
}

describe('the interval reading holds every value', () => {
  it.each(['add', 'sub', 'mul', 'div', 'min', 'max'] as const)('of %s', (op) => {
    fc.assert(
      fc.property(range, range, share, share, (a, b, s, t) => {
        const value = numberOps[op](inside(a, s), inside(b, t));
        if (Number.isFinite(value)) expectInside(value, intervalOps[op](a, b));
      }),
    );
  });

  it.each(['neg', 'abs', 'sqrt', 'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'atan'] as const)(
    'of %s',
    (op) => {
      fc.assert(
        fc.property(range, share, (a, s) => {
          const value = numberOps[op](inside(a, s));
          if (Number.isFinite(value)) expectInside(value, intervalOps[op](a));
        }),
      );
    },
  );

  it('of choices', () => {
    fc.assert(
      fc.property(range, range, range, share, share, share, (a, b, c, s, t, u) => {
        const [x, y, z] = [inside(a, s), inside(b, t), inside(c, u)];
        expectInside(choose(numberOps, x, y, z), choose(intervalOps, a, b, c));
      }),
    );
  });
});

describe('slopes of negatives over all cosines', () => {
  const cosines = interval(-1, 1);
  const row = { t: interval(0.3) };
  it('are 1 where they are left alone', () => {
    expect(normFace().negative(intervalOps, cosines, cosines, {}).dCos).toEqual(interval(1));
  });
  it('of CurricularFace lie between t − 2 and t + 2', () => {
    expect(curricularFace().negative(intervalOps, cosines, cosines, row).dCos).toEqual(interval(-1.7, 2.3));
  });
  it('of MV-Softmax are 1 or t', () => {
    expect(mvArcSoftmax({ t: 1.2 }).negative(intervalOps, cosines, cosines, {}).dCos).toEqual(
      interval(1, 1.2),
    );
  });
});
