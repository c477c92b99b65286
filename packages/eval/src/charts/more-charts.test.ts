import { describe, expect, it } from 'vitest';
import { linePaths, svgProblem } from '../testing/svg.ts';
import { verify } from '../verification/verify.ts';
import { bandChart } from './band-chart.ts';
import { detChart } from './det-chart.ts';
import { scatterChart } from './scatter-chart.ts';

const { roc } = verify({
  scores: Array.from({ length: 200 }, (_, i) => Math.sin(i) + (i % 2)),
  same: Array.from({ length: 200 }, (_, i) => i % 2 === 1),
});
const perfect = verify({ scores: [2, 1], same: [true, false] }).roc;

describe('detChart', () => {
  it('falls over logarithmic axes, and one curve a model', async () => {
    const svg = await detChart({
      title: 'DET',
      series: [
        { name: 'a', roc },
        { name: 'b', roc },
      ],
    });
    expect(svgProblem(svg)).toBeUndefined();
    expect(linePaths(svg)).toHaveLength(2);
    for (const text of ['false reject rate (1 − TAR)', '1e-1', '1']) expect(svg).toContain(`>${text}</text>`);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('of a model without an error has nothing to draw, and is a picture all the same', async () => {
    const svg = await detChart({ title: 'DET', series: [{ name: 'a', roc: perfect }] });
    expect(svgProblem(svg)).toBeUndefined();
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});

describe('bandChart', () => {
  const labels = { title: 'Modulation', xTitle: 'step', yTitle: 'M' };
  const band = (count: number) =>
    Array.from({ length: count }, (_, x) => ({ x, low: -Math.cos(x), high: 2 + Math.sin(x) }));

  it.each([0, 1, 2, 50, 5000])('of %d points is a picture', async (count) => {
    const svg = await bandChart({ ...labels, points: band(count), level: 1 });
    expect(svgProblem(svg)).toBeUndefined();
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(svg.includes('no data')).toBe(count === 0);
    expect(svg.length).toBeLessThan(60_000);
  });

  it('leaves out what is not finite or the wrong way round', async () => {
    const bad = [
      { x: 1, low: Number.NaN, high: 1 },
      { x: 2, low: 3, high: 1 },
      { x: Number.POSITIVE_INFINITY, low: 0, high: 1 },
    ];
    expect(await bandChart({ ...labels, points: [...bad, ...band(9)] })).toBe(
      await bandChart({ ...labels, points: band(9) }),
    );
  });
});

describe('scatterChart', () => {
  const labels = { title: 'Embeddings', xTitle: 'first', yTitle: 'second' };

  it('has one mark a point, in the colour and shape of its group', async () => {
    const points = Array.from({ length: 60 }, (_, i) => ({ x: Math.sin(i), y: i / 60, group: `p${i % 12}` }));
    const svg = await scatterChart({
      ...labels,
      points: [...points, { x: Number.NaN, y: 0, group: 'none' }],
    });
    expect(svgProblem(svg)).toBeUndefined();
    const marks = [...svg.matchAll(/<path transform="translate\([^"]*" d="([^"]*)" fill="(#\w+)"/g)];
    expect(marks).toHaveLength(60);
    expect(new Set(marks.map(([, shape, colour]) => `${shape} ${colour}`)).size).toBe(12);
  });

  it.each([[[]], [[{ x: 1, y: 1, group: 'a' }]]])('of %j is a picture', async (points) => {
    const svg = await scatterChart({ ...labels, points });
    expect(svgProblem(svg)).toBeUndefined();
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});
