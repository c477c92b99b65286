import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryPairs } from '../testing/arbitraries.ts';
import type { RocPoint } from './roc.ts';
import { thinRoc } from './thin-roc.ts';
import { verify } from './verify.ts';

/** Height of the staircase: the highest TAR at this FAR or less. */
function height(roc: readonly RocPoint[], far: number): number {
  return Math.max(...roc.filter((point) => point.far <= far).map((point) => point.tar));
}

/** Two overlapping normal clouds, without chance. */
function overlapping(n: number): readonly RocPoint[] {
  const scores = Array.from({ length: n }, (_, i) => Math.sin(i * i) + Math.sin(i * 1.7) + (i % 2 ? 1.5 : 0));
  return verify({ scores, same: scores.map((_, i) => i % 2) }).roc;
}

describe('thinRoc', () => {
  it('keeps the upper left corners, both ends and the smallest FAR', () => {
    const points = [
      [0, 0],
      [0, 0.25],
      [0, 0.5],
      [0.25, 0.5],
      [0.25, 0.75],
      [0.5, 1],
      [0.75, 1],
      [1, 1],
    ];
    const roc = points.map(([far, tar], index) => ({ far: far!, tar: tar!, threshold: -index }));
    expect(thinRoc(roc).map(({ far, tar }) => [far, tar])).toEqual([
      [0, 0],
      [0, 0.5],
      [0.25, 0.5],
      [0.25, 0.75],
      [0.5, 1],
      [1, 1],
    ]);
  });

  it('keeps the staircase where it has room', () => {
    fc.assert(
      fc.property(arbitraryPairs(), (pairs) => {
        const { roc } = verify(pairs);
        const thinned = thinRoc(roc);
        for (const { far } of roc) expect(height(thinned, far)).toBe(height(roc, far));
        expect(thinned[0]).toEqual(roc[0]);
        expect(thinned.at(-1)).toEqual(roc.at(-1));
        expect(thinned).toContainEqual(roc.find((point) => point.far > 0));
      }),
    );
  });

  it.each([5, 6, 50, 400])('picks at most %i true points and never lies above', (maxPoints) => {
    const roc = overlapping(2000);
    const thinned = thinRoc(roc, maxPoints);
    expect(thinned.length).toBeLessThanOrEqual(maxPoints);
    expect(thinned.every((point) => roc.includes(point))).toBe(true);
    for (const { far } of roc) expect(height(thinned, far)).toBeLessThanOrEqual(height(roc, far));
  });

  it('stays within 1 % of the true curve with 400 points', () => {
    const roc = overlapping(2000);
    const thinned = thinRoc(roc, 400);
    for (const { far } of roc) expect(height(roc, far) - height(thinned, far)).toBeLessThan(0.01);
  });

  it('wants at least five points', () => {
    expect(() => thinRoc([], 4)).toThrow(/maxPoints = 4/);
    expect(thinRoc([])).toEqual([]);
  });
});
