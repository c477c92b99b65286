import type { RocPoint } from '../verification/roc.ts';
import { thinRoc } from '../verification/thin-roc.ts';
import { type Domain, logDomain } from './domain.ts';
import { lineChart } from './line-chart.ts';
import type { ChartSize } from './render.ts';
import type { ChartPoint } from './series.ts';

/** What {@link rocChart} draws. */
export interface RocChartOptions extends ChartSize {
  readonly title: string;
  /** One curve for each model or run; `roc` as `verify` returns it, thinned or not. */
  readonly series: readonly { readonly name: string; readonly roc: readonly RocPoint[] }[];
  /** Ends of the TAR axis; if left out, from the tenth below the lowest TAR drawn, to 1. */
  readonly yDomain?: Domain | undefined;
}

/**
 * Receiver operating characteristics as an SVG picture: true accept rate over the logarithm of the false accept rate.
 *
 * Curves are stairs: over each FAR stands the highest TAR that was reached without exceeding it, nothing is
 * interpolated. The TAR without any false accept is drawn from the left edge.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 */
export async function rocChart(options: RocChartOptions): Promise<string> {
  const rates = options.series.flatMap(({ roc }) => roc.map(({ far }) => far).filter((far) => far > 0));
  // 0.01: there is something to see even where the first false accept comes at FAR 1.
  const [leftEdge] = logDomain([...rates, 0.01]);
  const series = options.series.map(({ name, roc }) => ({ name, points: stairs(roc, leftEdge) }));
  return lineChart({
    title: options.title,
    xTitle: 'false accept rate (FAR)',
    yTitle: 'true accept rate (TAR)',
    series,
    logX: true,
    step: true,
    yDomain: options.yDomain ?? tarDomain(series.flatMap(({ points }) => points.map(({ y }) => y))),
    width: options.width,
    height: options.height ?? 360,
  });
}

/** Points of rising FAR; of those with FAR 0 the best, moved to the left edge of the logarithmic axis. */
export function stairs(roc: readonly RocPoint[], leftEdge: number): ChartPoint[] {
  const points = thinRoc(roc);
  const withoutFalseAccept = points.findLast(({ far }) => far === 0);
  const drawn = points.filter(({ far }) => far > 0).map(({ far, tar }) => ({ x: far, y: tar }));
  return withoutFalseAccept === undefined ? drawn : [{ x: leftEdge, y: withoutFalseAccept.tar }, ...drawn];
}

function tarDomain(rates: readonly number[]): Domain {
  const lowest = rates.reduce((low, rate) => Math.min(low, rate), 0.9);
  return [Math.floor(lowest * 10) / 10, 1];
}
