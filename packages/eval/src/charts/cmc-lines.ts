import type { ChartSize } from './chart-size.ts';
import type { LineChartOptions } from './line-chart-options.ts';

/** What `cmcChart` and `cmcSvg` draw. */
export interface CmcChartOptions extends ChartSize {
  readonly title: string;
  /** One curve for each model; `cmc` as `identify` returns it. */
  readonly series: readonly { readonly name: string; readonly cmc: readonly number[] }[];
}

/** Cumulative match characteristics as lines: the share of searches whose identity is among the first R. */
export function cmcLines({ title, series, width, height = 360 }: CmcChartOptions): LineChartOptions {
  const lowest = series.flatMap(({ cmc }) => cmc).reduce((low, rate) => Math.min(low, rate), 0.9);
  return {
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
  };
}
