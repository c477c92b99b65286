import { describe, expect, it } from 'vitest';
import { SMALL_ROCS } from '../testing/small-rocs.ts';
import { linePaths, svgProblem, textsOf } from '../testing/svg.ts';
import { verify } from '../verification/verify.ts';
import { rocChart } from './roc-chart.ts';

/** Corners of a path of horizontal and vertical pieces, in CSS pixels. */
function corners(path: string): [number, number][] {
  return [...path.matchAll(/([-\d.]+),([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

const hundred = verify({
  scores: Array.from({ length: 200 }, (_, i) => 200 - i),
  same: Array.from({ length: 200 }, (_, i) => (i < 90 || i >= 190 ? 1 : 0)),
});

describe('rocChart', () => {
  it('draws stairs over decades of FAR, from the TAR without a false accept', async () => {
    const svg = await rocChart({ title: 'ROC', series: [{ name: 'a', roc: hundred.roc }] });
    expect(svgProblem(svg)).toBeUndefined();
    expect(textsOf(svg, 'mark-text role-axis-label').map(({ text }) => text)).toEqual(['1e-2', '1e-1', '1']);
    expect(textsOf(svg, 'mark-text role-axis-label', 1).map(({ text }) => text)).toContain('0.90');
    const path = corners(linePaths(svg)[0]!);
    for (let k = 1; k < path.length; k++) {
      expect(path[k]![0] === path[k - 1]![0] || path[k]![1] === path[k - 1]![1]).toBe(true);
    }
    // TAR 0.9 up to FAR 1, where the last genuine pairs come in.
    expect(path[0]![0]).toBe(0);
    expect(path.at(-2)![1]).toBe(path[0]![1]);
    expect(path.at(-1)![1]).toBe(0);
  });

  it('shows low curves in full', async () => {
    const roc = verify({ scores: [1, 2, 3, 4, 5, 6], same: [1, 0, 1, 0, 1, 0] }).roc;
    const svg = await rocChart({ title: 'ROC', series: [{ name: 'a', roc }] });
    expect(textsOf(svg, 'mark-text role-axis-label', 1).map(({ text }) => text)).toContain('0.0');
  });

  it.each(SMALL_ROCS)('survives %s', async (_, series) => {
    expect(svgProblem(await rocChart({ title: 'ROC', series }))).toBeUndefined();
  });
});
