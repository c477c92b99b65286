import { type OptionNames, requireKnownOptions } from '@cf/core';
import { lineChart } from './line-chart.ts';
import { type DetChartOptions, detLines } from './roc-lines.ts';

const OPTIONS: OptionNames<DetChartOptions> = {
  xTitle: true,
  yTitle: true,
  width: true,
  height: true,
  title: true,
  series: true,
};

/**
 * Detection error trade-off as an SVG picture: false reject rate (1 − TAR) over false accept rate, both logarithmic, where
 * good models differ that the ROC shows as one (Martin et al., The DET curve, 1997).
 *
 * Curves are stairs as those of `rocChart`. A false reject rate of 0 has no place on the axis: the curve ends before it.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 */
export async function detChart(options: DetChartOptions): Promise<string> {
  requireKnownOptions('detChart', options, OPTIONS);
  return lineChart(detLines(options));
}
