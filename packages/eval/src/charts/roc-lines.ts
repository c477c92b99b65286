import type { RocPoint } from '../verification/roc.ts';
import { thinRoc } from '../verification/thin-roc.ts';
import type { ChartSize } from './chart-size.ts';
import { type Domain, logDomain } from './domain.ts';
import type { LineChartOptions } from './line-chart-options.ts';
import type { ChartPoint } from './series.ts';

/** What `rocChart` and `rocSvg` draw. */
export interface RocChartOptions extends ChartSize {
  readonly title: string;
  /** One curve for each model or run; `roc` as `verify` returns it, thinned or not. */
  readonly series: readonly { readonly name: string; readonly roc: readonly RocPoint[] }[];
  /** Ends of the TAR axis; if left out, from the tenth below the lowest TAR drawn, to 1. */
  readonly yDomain?: Domain | undefined;
}

/** What `detChart` and `detSvg` draw. */
export interface DetChartOptions extends Omit<RocChartOptions, 'yDomain'> {
  /** Those of verification if left out; `identify` gives rates of other names. Longer than the picture is high, one hides the title. */
  readonly xTitle?: string | undefined;
  readonly yTitle?: string | undefined;
}

/**
 * ROCs as lines over the logarithm of FAR.
 *
 * Curves are stairs: over each FAR stands the highest TAR that was reached without exceeding it, nothing is
 * interpolated. The TAR without any false accept is drawn from the left edge.
 */
export function rocLines(options: RocChartOptions): LineChartOptions {
  const leftEdge = leftEdgeOf(options.series);
  const series = options.series.map(({ name, roc }) => ({ name, points: stairs(roc, leftEdge) }));
  return {
    title: options.title,
    xTitle: 'false accept rate (FAR)',
    yTitle: 'true accept rate (TAR)',
    series,
    logX: true,
    step: true,
    yDomain: options.yDomain ?? tarDomain(series.flatMap(({ points }) => points.map(({ y }) => y))),
    width: options.width,
    height: options.height ?? 360,
  };
}

/** The false reject rate, 1 − TAR, of the same stairs, logarithmic as well (DET). */
export function detLines(options: DetChartOptions): LineChartOptions {
  const leftEdge = leftEdgeOf(options.series);
  const series = options.series.map(({ name, roc }) => ({
    name,
    points: stairs(roc, leftEdge).map(({ x, y }) => ({ x, y: 1 - y })),
  }));
  return {
    title: options.title,
    xTitle: options.xTitle ?? 'false accept rate (FAR)',
    yTitle: options.yTitle ?? 'false reject rate (1 − TAR)',
    series,
    logX: true,
    logY: true,
    step: true,
    width: options.width,
    height: options.height ?? 360,
  };
}

function leftEdgeOf(series: RocChartOptions['series']): number {
  const rates = series.flatMap(({ roc }) => roc.map(({ far }) => far).filter((far) => far > 0));
  // 0.01: there is something to see even where the first false accept comes at FAR 1.
  return logDomain([...rates, 0.01])[0];
}

/** Points of rising FAR; of those with FAR 0 the best, moved to the left edge of the logarithmic axis. */
function stairs(roc: readonly RocPoint[], leftEdge: number): ChartPoint[] {
  const points = thinRoc(roc);
  const withoutFalseAccept = points.findLast(({ far }) => far === 0);
  const drawn = points.filter(({ far }) => far > 0).map(({ far, tar }) => ({ x: far, y: tar }));
  return withoutFalseAccept === undefined ? drawn : [{ x: leftEdge, y: withoutFalseAccept.tar }, ...drawn];
}

function tarDomain(rates: readonly number[]): Domain {
  const lowest = rates.reduce((low, rate) => Math.min(low, rate), 0.9);
  return [Math.floor(lowest * 10) / 10, 1];
}
