import { logDomain } from './domain.ts';
import { lineChart } from './line-chart.ts';
import { type RocChartOptions, stairs } from './roc-chart.ts';

/** What {@link detChart} draws. */
export interface DetChartOptions extends Omit<RocChartOptions, 'yDomain'> {
  /** Those of verification if left out; `identify` gives rates of other names. Longer than the picture is high, one hides the title. */
  readonly xTitle?: string | undefined;
  readonly yTitle?: string | undefined;
}

/**
 * Detection error trade-off as an SVG picture: false reject rate (1 − TAR) over false accept rate, both logarithmic, where
 * good models differ that the ROC shows as one (Martin et al., The DET curve, 1997).
 *
 * Curves are stairs as those of `rocChart`. A false reject rate of 0 has no place on the axis: the curve ends before it.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 */
export async function detChart(options: DetChartOptions): Promise<string> {
  const rates = options.series.flatMap(({ roc }) => roc.map(({ far }) => far).filter((far) => far > 0));
  const [leftEdge] = logDomain([...rates, 0.01]);
  const series = options.series.map(({ name, roc }) => ({
    name,
    points: stairs(roc, leftEdge).map(({ x, y }) => ({ x, y: 1 - y })),
  }));
  return lineChart({
    title: options.title,
    xTitle: options.xTitle ?? 'false accept rate (FAR)',
    yTitle: options.yTitle ?? 'false reject rate (1 − TAR)',
    series,
    logX: true,
    logY: true,
    step: true,
    width: options.width,
    height: options.height ?? 360,
  });
}
