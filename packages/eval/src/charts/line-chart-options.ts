import type { ChartTitles } from './chart-size.ts';
import { type Domain, LARGEST_DRAWN } from './domain.ts';
import { type ChartSeries, type SeriesRow, seriesRows } from './series.ts';

/** What `lineChart` and `lineSvg` draw. */
export interface LineChartOptions extends ChartTitles {
  readonly series: readonly ChartSeries[];
  /** Logarithmic x; points with x ≤ 0 are left out. */
  readonly logX?: boolean | undefined;
  /** Logarithmic y; points with y ≤ 0 leave gaps. */
  readonly logY?: boolean | undefined;
  /** Ends of the y axis; curves are cut off there. The range of the data if left out. */
  readonly yDomain?: Domain | undefined;
  /** Ends of the x axis. The range of the data if left out. */
  readonly xDomain?: Domain | undefined;
  /** Hold each y until the next x instead of joining points by straight lines. */
  readonly step?: boolean | undefined;
}

/** What of the series can be drawn on these axes, in rising order of x, and gaps. */
export function lineRows({ series, logX, logY }: LineChartOptions): SeriesRow[] {
  return seriesRows(series, logX === true).map((row) =>
    logY === true && row.y !== null && row.y < 1 / LARGEST_DRAWN ? { ...row, y: null } : row,
  );
}

/** Height of a row of the legend, in CSS pixels. */
export const LEGEND_ROW = 17;

/** How many names stand in a row of the legend: all of them if they fit, else in columns as wide as the widest. */
export function legendColumns(names: readonly string[], width: number): number {
  // Nothing measures text without a canvas: a letter is given 0.8 of its height, 12 pixels.
  const widths = names.map((name) => name.length * 12 * 0.8 + 40);
  const available = width - 60;
  if (widths.reduce((sum, one) => sum + one, 0) <= available) return Math.max(1, names.length);
  return Math.max(1, Math.floor(available / Math.max(...widths)));
}
