import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { linePaths, overlaps, pieces, svgProblem, textsOf } from '../testing/svg.ts';
import { lineChart } from './line-chart.ts';

const labels = { title: 'Loss', xTitle: 'step', yTitle: 'loss' };
const points = (ys: readonly number[]): { x: number; y: number }[] => ys.map((y, x) => ({ x, y }));

describe('lineChart', () => {
  beforeEach(() => {
    vi.spyOn(console, 'warn');
    vi.spyOn(console, 'error');
  });
  afterEach(() => {
    expect(console.warn).not.toHaveBeenCalled();
    expect(console.error).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('draws titles, axes, a legend and one path a series', async () => {
    const svg = await lineChart({
      ...labels,
      series: [
        { name: 'CurricularFace', points: points([3, 2, 1]) },
        { name: 'control', points: points([3, 3, 3]) },
      ],
    });
    expect(svgProblem(svg)).toBeUndefined();
    expect(svg).toMatch(/^<svg role="img" aria-label="Loss: loss over step; CurricularFace, control" /);
    expect(svg).toContain('width="560" height="320" viewBox="0 0 560 320"');
    expect(linePaths(svg)).toHaveLength(2);
    for (const text of ['Loss', 'step', 'loss', 'CurricularFace', 'control'])
      expect(svg).toContain(`>${text}</text>`);
    expect(svg).not.toContain('no data');
  });

  it('leaves a gap where y is not finite', async () => {
    const draw = async (ys: readonly number[]): Promise<string> =>
      lineChart({ ...labels, series: [{ name: 'a', points: points(ys) }] });
    const whole = await draw([1, 2, 3, 4, 5]);
    expect(pieces(linePaths(whole)[0]!)).toHaveLength(1);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const svg = await draw([1, 2, bad, 4, 5]);
      expect(svgProblem(svg)).toBeUndefined();
      expect(pieces(linePaths(svg)[0]!)).toHaveLength(2);
    }
  });

  it('shows a point between gaps, and a single point, as a dot', async () => {
    for (const ys of [[1, Number.NaN, 3, Number.NaN, 2, 1], [7]]) {
      const svg = await lineChart({ ...labels, series: [{ name: 'a', points: points(ys) }] });
      expect(svgProblem(svg)).toBeUndefined();
      expect(svg).toMatch(/mark-symbol role-mark/);
    }
    const line = await lineChart({ ...labels, series: [{ name: 'a', points: points([1, 2]) }] });
    expect(line).not.toMatch(/mark-symbol role-mark/);
  });

  it('says so when there is nothing to draw', async () => {
    for (const series of [[], [{ name: 'a', points: [] }], [{ name: 'a', points: points([Number.NaN]) }]]) {
      const svg = await lineChart({ ...labels, series });
      expect(svgProblem(svg)).toBeUndefined();
      expect(svg).toContain('no data');
    }
  });

  it('sorts by x and does not join series of one name', async () => {
    const sorted = points([1, 5, 2, 4]);
    const first = await lineChart({ ...labels, series: [{ name: 'a', points: sorted }] });
    const second = await lineChart({ ...labels, series: [{ name: 'a', points: sorted.toReversed() }] });
    expect(second).toBe(first);
    const twins = await lineChart({
      ...labels,
      series: [1, 2].map((y) => ({ name: 'a', points: points([y, y]) })),
    });
    expect(linePaths(twins)).toHaveLength(2);
    expect(twins).toContain('>a (2)</text>');
  });

  it('leaves out what a logarithm cannot show', async () => {
    const svg = await lineChart({
      ...labels,
      logX: true,
      series: [{ name: 'a', points: points([9, 1, 2, 3]) }],
    });
    expect(svgProblem(svg)).toBeUndefined();
    expect(linePaths(svg)[0]!.match(/,/g)).toHaveLength(3);
    expect(textsOf(svg, 'mark-text role-axis-label').map(({ text }) => text)).toEqual(['1', '10']);
  });

  it('cuts curves off at the ends of a given domain only where they leave it', async () => {
    const series = [{ name: 'a', points: points([0, 1]) }];
    expect(await lineChart({ ...labels, series, yDomain: [0, 0.5] })).toContain('clip-path="url(#');
    expect(await lineChart({ ...labels, series, yDomain: [0, 1] })).not.toContain('clip-path="url(#');
  });

  it('gives the same picture again, and ids of its own to another one', async () => {
    const draw = async (top: number): Promise<string> =>
      lineChart({ ...labels, yDomain: [0, top], series: [{ name: 'a', points: points([0, 1]) }] });
    const first = await draw(0.5);
    const other = await draw(0.25);
    expect(await draw(0.5)).toBe(first);
    const ids = (svg: string): string[] => [...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!);
    expect(ids(first).length).toBeGreaterThan(0);
    expect(ids(first).filter((id) => ids(other).includes(id))).toEqual([]);
    for (const [, id] of first.matchAll(/url\(#([^)]+)\)/g)) expect(ids(first)).toContain(id);
  });

  it('escapes text', async () => {
    const nasty = `</text><script>alert("1")</script> & 'more'`;
    const svg = await lineChart({
      title: nasty,
      xTitle: nasty,
      yTitle: nasty,
      series: [
        { name: nasty, points: points([1, 2]) },
        { name: 'b', points: points([1, 2]) },
      ],
    });
    expect(svg).not.toContain('<script');
    expect(svgProblem(svg)).toBeUndefined();
  });

  it('thins long series to their outline', async () => {
    const ys = Array.from({ length: 50_000 }, (_, i) => Math.sin(i / 5000) + (i === 33_333 ? 9 : 0));
    const svg = await lineChart({ ...labels, series: [{ name: 'a', points: points(ys) }] });
    expect(svg.length).toBeLessThan(60_000);
    const heights = [...linePaths(svg)[0]!.matchAll(/,([\d.]+)/g)].map((match) => Number(match[1]));
    // The spike is still there: one point far above all others.
    const [top, second] = heights.toSorted((a, b) => a - b);
    expect(second! - top!).toBeGreaterThan(100);
  });

  it('breaks a long title into lines and shortens a long name', async () => {
    const title = 'A title that goes on and on '.repeat(6).trim();
    const name = 'x'.repeat(300);
    const series = [name, 'b'].map((one) => ({ name: one, points: points([1, 2]) }));
    const svg = await lineChart({ ...labels, title, series });
    expect(svgProblem(svg)).toBeUndefined();
    const texts = [...svg.replace(/aria-label="[^"]*"/, '').matchAll(/<(?:text|tspan)[^>]*>([^<]+)/g)].map(
      ([, text]) => text!,
    );
    expect(texts.join(' ')).toContain(title);
    for (const text of texts) expect(text.length).toBeLessThan(65);
  });

  it('grows with the rows of the legend', async () => {
    const series = Array.from({ length: 8 }, (_, k) => ({
      name: `a rather long name, number ${k}`,
      points: points([k, 1]),
    }));
    const height = Number(/height="(\d+)"/.exec(await lineChart({ ...labels, series }))![1]);
    expect(height).toBeGreaterThan(320);
  });

  it.each([
    { width: 560, logX: false },
    { width: 320, logX: false },
    { width: 320, logX: true },
  ])('labels of the x axis do not overlap: %o', async ({ width, logX }) => {
    for (const end of [3, 1000, 123_456, 7e8, 1e-3]) {
      const series = [
        {
          name: 'a',
          points: [
            { x: end * 1e-6, y: 1 },
            { x: end, y: 2 },
          ],
        },
      ];
      const svg = await lineChart({ ...labels, width, logX, series });
      const texts = textsOf(svg, 'mark-text role-axis-label');
      expect(texts.length).toBeGreaterThan(1);
      expect(overlaps(texts)).toEqual([]);
    }
  });

  it('is well formed for any numbers', async () => {
    const number = fc.oneof(
      fc.double(),
      fc.double({ min: -1e3, max: 1e3 }),
      fc.constantFrom(0, 1, 7, 1e-300, Number.NaN),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ x: number, y: number }), { maxLength: 7 }),
        fc.boolean(),
        async (data, logX) => {
          expect(
            svgProblem(await lineChart({ ...labels, logX, series: [{ name: 'a', points: data }] })),
          ).toBeUndefined();
        },
      ),
      { numRuns: 40 },
    );
  });
});
