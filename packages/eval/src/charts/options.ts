/** What pictures are asked for by, whoever draws them. */
export type { ChartSize, ChartTitles } from './chart-size.ts';
export type { CmcChartOptions } from './cmc-lines.ts';
export type { Domain } from './domain.ts';
export type { LineChartOptions } from './line-chart-options.ts';
export type { DetChartOptions, RocChartOptions } from './roc-lines.ts';
export type { ChartPoint, ChartSeries } from './series.ts';
