import { type OptionNames, requireKnownOptions } from '@cf/core';
import type { TopLevelSpec } from 'vega-lite';
import type { ChartTitles } from './chart-size.ts';
import { LARGEST_DRAWN, linearDomain } from './domain.ts';
import { PALETTE } from './palette.ts';
import { chartTitle, renderSvg } from './render.ts';

/** What {@link bandChart} draws. */
export interface BandChartOptions extends ChartTitles {
  /** In any order; what is not finite, or has its ends the wrong way round, is left out. */
  readonly points: readonly BandPoint[];
  /** A value to mark across the picture, such as where nothing changes. */
  readonly level?: number | undefined;
}

/** From where to where the values at x reach. */
export interface BandPoint {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

/** More are not told apart in a picture of the usual width. */
const MAX_POINTS = 400;

const OPTIONS: OptionNames<BandChartOptions> = {
  points: true,
  level: true,
  title: true,
  xTitle: true,
  yTitle: true,
  width: true,
  height: true,
};

/**
 * The spread of a value over x, as a band in an SVG picture.
 *
 * Of thousands of points neighbours are joined: the band then reaches from the least to the largest of them.
 *
 * @returns A complete `<svg>` element, 560 × 320 CSS pixels unless told otherwise.
 */
export async function bandChart(options: BandChartOptions): Promise<string> {
  requireKnownOptions('bandChart', options, OPTIONS);
  const { title, xTitle, yTitle, level } = options;
  const points = thinned(
    options.points
      .filter(
        ({ x, low, high }) => [x, low, high].every((one) => Math.abs(one) <= LARGEST_DRAWN) && low <= high,
      )
      .sort((a, b) => a.x - b.x),
  );
  const marked = level === undefined ? [] : [level];
  const axis = (name: 'x' | 'low', values: readonly number[], axisTitle: string): object => ({
    field: name,
    type: 'quantitative',
    scale: { domain: [...linearDomain(values)], nice: name === 'low', zero: false },
    axis: { title: axisTitle, tickCount: name === 'x' ? 6 : 5 },
  });
  const heights = [...points.flatMap(({ low, high }) => [low, high]), ...marked];
  const spec: TopLevelSpec = {
    title: chartTitle(title, points.length > 0, options),
    data: { values: points },
    encoding: {
      x: axis(
        'x',
        points.map(({ x }) => x),
        xTitle,
      ),
    },
    layer: [
      {
        mark: {
          type: 'area',
          color: PALETTE[0]!,
          fillOpacity: 0.35,
          // A band of one point has no width.
          line: { color: PALETTE[0]!, strokeWidth: 1.5 },
          ...(points.length === 1 ? { point: { color: PALETTE[0]! } } : {}),
        },
        encoding: { y: axis('low', heights, yTitle), y2: { field: 'high' } },
      },
      {
        mark: { type: 'line', color: PALETTE[0]!, strokeWidth: 1.5 },
        encoding: { y: { field: 'high', type: 'quantitative' } },
      },
      ...marked.map((y) => ({
        data: { values: [{}] },
        mark: { type: 'rule' as const, strokeDash: [4, 3], color: 'currentColor', opacity: 0.8 },
        encoding: { x: { value: 0 }, x2: { value: 'width' as const }, y: { datum: y } },
      })),
    ],
  };
  return renderSvg(spec, options, `${title}: spread of ${yTitle} over ${xTitle}`);
}

function thinned(points: readonly BandPoint[]): BandPoint[] {
  if (points.length <= MAX_POINTS) return [...points];
  return Array.from({ length: MAX_POINTS }, (_, stretch) => {
    const from = Math.floor((stretch * points.length) / MAX_POINTS);
    const among = points.slice(from, Math.floor(((stretch + 1) * points.length) / MAX_POINTS));
    return {
      x: among[0]!.x,
      low: Math.min(...among.map(({ low }) => low)),
      high: Math.max(...among.map(({ high }) => high)),
    };
  });
}
