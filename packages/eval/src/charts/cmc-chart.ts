import { lineChart } from './line-chart.ts';
import type { ChartSize } from './render.ts';

/** What {@link cmcChart} draws. */
export interface CmcChartOptions extends ChartSize {
  readonly title: string;
  /** One curve for each model; `cmc` as `identify` returns it. */
  readonly series: readonly { readonly name: string; readonly cmc: readonly number[] }[];
}

/**
 * Cumulative match characteristics as an SVG picture: the share of searches whose identity is among the first R.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 */
export async function cmcChart({ title, series, width, height = 360 }: CmcChartOptions): Promise<string> {
  const lowest = series.flatMap(({ cmc }) => cmc).reduce((low, rate) => Math.min(low, rate), 0.9);
  return lineChart({
    title,
    xTitle: 'rank',
    yTitle: 'identification rate',
    series: series.map(({ name, cmc }) => ({
      name,
      points: cmc.map((y, rank) => ({ x: rank + 1, y })),
    })),
    step: true,
    yDomain: [Math.floor(lowest * 10) / 10, 1],
    width,
    height,
  });
}
