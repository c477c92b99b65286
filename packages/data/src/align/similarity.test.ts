import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Point } from './face.ts';
import {
  ARCFACE_TEMPLATE,
  applySimilarity,
  fitSimilarity,
  invertSimilarity,
  meanDistance,
  type Similarity,
  scaleOf,
  templateOf,
  templateSimilarity,
} from './similarity.ts';

const coordinate = fc.double({ min: -1000, max: 1000, noNaN: true });
const place = fc.tuple(coordinate, coordinate);
const similarity = fc
  .record({
    scale: fc.double({ min: 0.05, max: 20, noNaN: true }),
    angle: fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }),
    x: coordinate,
    y: coordinate,
  })
  .map(
    ({ scale, angle, x, y }): Similarity => ({
      a: scale * Math.cos(angle),
      b: scale * Math.sin(angle),
      x,
      y,
    }),
  );
/** Points that are not all one. */
const points = fc
  .array(place, { minLength: 2, maxLength: 9 })
  .filter((list) => Math.max(...list.map(([x, y]) => Math.hypot(x - list[0]![0], y - list[0]![1]))) > 1);

const squares = (s: Similarity, from: readonly Point[], to: readonly Point[]): number =>
  from.reduce((sum, point, i) => {
    const [x, y] = applySimilarity(s, point);
    return sum + (x - to[i]![0]) ** 2 + (y - to[i]![1]) ** 2;
  }, 0);

describe('fitSimilarity', () => {
  it('recovers the similarity that points were moved by', () => {
    fc.assert(
      fc.property(similarity, points, (s, from) => {
        const fitted = fitSimilarity(
          from,
          from.map((point) => applySimilarity(s, point)),
        );
        expect(Math.abs(fitted.a - s.a)).toBeLessThan(1e-9 * Math.max(1, scaleOf(s)));
        expect(Math.abs(fitted.b - s.b)).toBeLessThan(1e-9 * Math.max(1, scaleOf(s)));
        const probe: Point = [56, 71];
        expect(meanDistance([applySimilarity(fitted, probe)], [applySimilarity(s, probe)])).toBeLessThan(
          1e-6,
        );
      }),
    );
  });

  it('is the least of all similarities around it, for points that none fits', () => {
    const change = fc.double({ min: -0.1, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(place, place), { minLength: 3, maxLength: 6 }),
        change,
        change,
        change,
        change,
        (pairs, a, b, x, y) => {
          const [from, to] = [pairs.map(([p]) => p), pairs.map(([, q]) => q)];
          let best: Similarity;
          try {
            best = fitSimilarity(from, to);
          } catch {
            return;
          }
          const other = { a: best.a + a, b: best.b + b, x: best.x + x, y: best.y + y };
          const least = squares(best, from, to);
          expect(least).toBeLessThanOrEqual(squares(other, from, to) + 1e-6 * (1 + least));
        },
      ),
    );
  });

  it('never mirrors, though mirrored points would fit exactly', () => {
    fc.assert(
      fc.property(similarity, (s) => {
        const mirrored = ARCFACE_TEMPLATE.map(([x, y]) => applySimilarity(s, [-x, y]));
        const fitted = fitSimilarity(ARCFACE_TEMPLATE, mirrored);
        const [o, e, f] = (
          [
            [0, 0],
            [1, 0],
            [0, 1],
          ] as const
        ).map((p) => applySimilarity(fitted, p));
        const determinant = (e![0] - o![0]) * (f![1] - o![1]) - (e![1] - o![1]) * (f![0] - o![0]);
        expect(determinant).toBeGreaterThan(0);
      }),
    );
  });

  it('refuses points that say nothing', () => {
    const same = ARCFACE_TEMPLATE.map((): Point => [3, 4]);
    for (const from of [same, ARCFACE_TEMPLATE.map((): Point => [Number.NaN, 0])]) {
      expect(() => fitSimilarity(from, ARCFACE_TEMPLATE)).toThrow('finite points that differ');
    }
  });
});

it('invertSimilarity takes every point back', () => {
  fc.assert(
    fc.property(similarity, place, (s, point) => {
      const [x, y] = applySimilarity(invertSimilarity(s), applySimilarity(s, point));
      expect(Math.hypot(x - point[0], y - point[1])).toBeLessThan(1e-8);
    }),
  );
});

it('the template is as published, and the same face in pictures of other sizes', () => {
  expect(templateOf(112).flat()).toEqual(ARCFACE_TEMPLATE.flat().map((value) => expect.closeTo(value, 9)));
  const { a, b, x, y } = templateSimilarity(templateOf(224), 112);
  expect([a, b]).toEqual([expect.closeTo(0.5, 12), expect.closeTo(0, 12)]);
  // The edges of both pictures lie on each other.
  expect([x, y]).toEqual([expect.closeTo(-0.25, 9), expect.closeTo(-0.25, 9)]);
});
