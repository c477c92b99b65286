/** Pictures that vega draws, and a page of them: `@cf/eval/charts`. `@cf/eval/svg` draws lines without it. */
export { type BandChartOptions, type BandPoint, bandChart } from './charts/band-chart.ts';
export { cmcChart } from './charts/cmc-chart.ts';
export { detChart } from './charts/det-chart.ts';
export { lineChart } from './charts/line-chart.ts';
export type * from './charts/options.ts';
export { rocChart } from './charts/roc-chart.ts';
export { type ScatterChartOptions, type ScatterPoint, scatterChart } from './charts/scatter-chart.ts';
export { type ScoreHistogramOptions, scoreHistogram } from './charts/score-histogram.ts';
export { stackedCharts } from './charts/stacked-charts.ts';
export { ReportError } from './errors.ts';
export {
  type HtmlReportOptions,
  htmlReport,
  type ReportCell,
  type ReportChart,
  type ReportPicture,
  type ReportPictures,
  type ReportSummaryItem,
  type ReportTable,
} from './report/html-report.ts';
