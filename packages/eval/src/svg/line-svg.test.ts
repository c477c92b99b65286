import { OptionOutOfRangeError } from '@cf/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LineChartOptions } from '../charts/line-chart-options.ts';
import { htmlReport } from '../report/html-report.ts';
import { svgProblem } from '../testing/svg.ts';
import { lineSvg } from './line-svg.ts';

const labels = { title: 'Loss', xTitle: 'step', yTitle: 'loss' };
const points = (ys: readonly number[]): { x: number; y: number }[] => ys.map((y, x) => ({ x, y }));
const draw = (ys: readonly number[], options: Partial<LineChartOptions> = {}): string =>
  lineSvg({ ...labels, series: [{ name: 'a', points: points(ys) }], ...options });

/** The `d` of every curve: those with a bend, drawn in a colour. */
function paths(svg: string): string[] {
  const curves = svg.slice(svg.lastIndexOf('<g transform'));
  return [...curves.matchAll(/<path d="([^"]*)" stroke="#/g)].map((match) => match[1]!);
}

describe('lineSvg', () => {
  it('draws titles, axes, a legend and one path a series, and says them in words', () => {
    const svg = lineSvg({
      ...labels,
      series: [
        { name: 'CurricularFace', points: points([3, 2, 1]) },
        { name: 'control', points: points([3, 3, 3]) },
      ],
    });
    expect(svgProblem(svg)).toBeUndefined();
    expect(svg).toContain('width="560" height="320" viewBox="0 0 560 320"');
    expect(svg).toContain('<title>Loss</title>');
    expect(svg).toContain(
      '<desc>loss over step. CurricularFace: from 3 at 0 to 1 at 2. control: from 3 at 0 to 3 at 2</desc>',
    );
    expect(paths(svg)).toHaveLength(2);
    for (const text of ['Loss', 'step', 'loss', 'CurricularFace', 'control', '0', '1', '2', '3.0'])
      expect(svg).toContain(`>${text}</text>`);
    expect(svg).not.toContain('no data');
    expect(svg.match(/#[0-9a-f]{6}/g)).not.toContain('#000000');
  });

  it('lays points where their values are', () => {
    // Ends of the axes are those of the data.
    const [path] = paths(draw([0, 1, 0.25], { xDomain: [0, 2], yDomain: [0, 1] }));
    const places = [...path!.matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    const [[left, bottom], [middle, top], [right, quarter]] = places as [number, number][] as [
      [number, number],
      [number, number],
      [number, number],
    ];
    expect([left, top]).toEqual([0, 0]);
    expect(middle).toBeCloseTo(right / 2, 1);
    expect(quarter).toBeCloseTo(0.75 * bottom, 1);
  });

  it('spaces decades evenly', () => {
    const [path] = paths(
      lineSvg({
        ...labels,
        logX: true,
        logY: true,
        series: [{ name: 'a', points: [1e-4, 1e-2, 1].map((x) => ({ x, y: x })) }],
      }),
    );
    const places = [...path!.matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(places[1]![0]).toBeCloseTo(places[2]![0]! / 2, 1);
    expect(places[1]![1]).toBeCloseTo(places[0]![1]! / 2, 1);
  });

  it('holds each value until the next where asked to', () => {
    expect(paths(draw([1, 2, 3], { step: true }))[0]).toMatch(/^M[\d. ]+(H[\d.]+V[\d.]+){2}$/);
  });

  it('leaves a gap where y is not finite, and shows a point between gaps as a dot', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const svg = draw([1, 2, bad, 4, 5]);
      expect(svgProblem(svg)).toBeUndefined();
      expect(paths(svg)[0]!.match(/M/g)).toHaveLength(2);
    }
    const lonely = draw([1, Number.NaN, 3, Number.NaN, 2, 1]);
    expect(lonely.match(/<circle/g)).toHaveLength(2);
    expect(draw([1, 2])).not.toContain('<circle');
  });

  it('says so when there is nothing to draw', () => {
    for (const series of [[], [{ name: 'a', points: [] }], [{ name: 'a', points: points([Number.NaN]) }]]) {
      for (const logX of [false, true]) {
        const svg = lineSvg({ ...labels, series, logX });
        expect(svgProblem(svg)).toBeUndefined();
        expect(svg).toContain('no data');
      }
    }
  });

  it('cuts curves off at the ends of a given domain only where they leave it, with ids of its own', () => {
    const cut = draw([0, 1], { yDomain: [0, 0.5] });
    const id = /clip-path="url\(#([^)]+)\)"/.exec(cut)![1]!;
    expect(cut).toContain(`<clipPath id="${id}">`);
    expect(draw([0, 1], { yDomain: [0, 0.5] })).toBe(cut);
    expect(draw([0, 1], { yDomain: [0, 0.25] })).not.toContain(id);
    expect(draw([0, 1], { yDomain: [0, 1] })).not.toContain('clip-path');
  });

  it('escapes text, shortens what is too long, and stands in a report', () => {
    const nasty = `</text><script>alert("1")</script> & 'more'`;
    const svg = lineSvg({
      title: nasty,
      xTitle: nasty,
      yTitle: nasty,
      series: [nasty, 'b', 'x'.repeat(200)].map((name) => ({ name, points: points([1, 2]) })),
    });
    expect(svgProblem(svg)).toBeUndefined();
    expect(svg).not.toContain('<script');
    expect(svg).toMatch(/x{20,80}…<\/text>/);
    expect(htmlReport({ title: 'a', summary: [], charts: [{ title: 'a', svg }], tables: [] })).toContain(svg);
  });

  it('tells a ninth series from the first', () => {
    const svg = lineSvg({
      ...labels,
      series: Array.from({ length: 9 }, (_, y) => ({ name: `m${y}`, points: points([y, y]) })),
    });
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(2);
  });

  it.each<[string, Partial<LineChartOptions>]>([
    ['width', { width: 50 }],
    ['width', { width: Number.NaN }],
    ['height', { height: Number.POSITIVE_INFINITY }],
    ['xDomain', { xDomain: [1, 1] }],
    ['xDomain', { xDomain: [0, 1], logX: true }],
    ['yDomain', { yDomain: [Number.NaN, 1] }],
    ['yDomain', { yDomain: [-1, 1], logY: true }],
  ])('refuses a %s that cannot be drawn: %o', (option, options) => {
    expect(() => draw([1, 2], options)).toThrowError(
      expect.toSatisfy((error) => error instanceof OptionOutOfRangeError && error.option === option),
    );
  });

  it('draws finite numbers of any data on any axes', () => {
    const value = fc.oneof(
      fc.double(),
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.constantFrom(0, 1, -1, 1e-300, 1e300, 1e99, 5e-324),
    );
    const series = fc.array(
      fc.record({ name: fc.string(), points: fc.array(fc.record({ x: value, y: value }), { maxLength: 6 }) }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(series, fc.boolean(), fc.boolean(), fc.boolean(), (drawn, logX, logY, step) => {
        const svg = lineSvg({ ...labels, series: drawn, logX, logY, step });
        const marks = svg.replace(/<desc>.*?<\/desc>/s, '').replace(/<text[^>]*>[^<]*/g, '<text>');
        expect(svgProblem(marks)).toBeUndefined();
        expect(svg.length).toBeLessThan(30_000);
      }),
    );
  });
});
