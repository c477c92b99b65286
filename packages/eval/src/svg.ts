/** Curves as SVG pictures in a few kilobytes, without vega: `@cf/eval/svg`. */
export type { ChartSize } from './charts/chart-size.ts';
export type { CmcChartOptions } from './charts/cmc-lines.ts';
export type { Domain } from './charts/domain.ts';
export type { LineChartOptions } from './charts/line-chart-options.ts';
export type { DetChartOptions, RocChartOptions } from './charts/roc-lines.ts';
export type { ChartPoint, ChartSeries } from './charts/series.ts';
export { cmcSvg, detSvg, rocSvg } from './svg/curves-of-figures.ts';
export { lineSvg } from './svg/line-svg.ts';
