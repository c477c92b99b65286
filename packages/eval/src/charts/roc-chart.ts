import { type OptionNames, requireKnownOptions } from '@cf/core';
import { lineChart } from './line-chart.ts';
import { type RocChartOptions, rocLines } from './roc-lines.ts';

const OPTIONS: OptionNames<RocChartOptions> = {
  title: true,
  series: true,
  yDomain: true,
  width: true,
  height: true,
};

/**
 * Receiver operating characteristics as an SVG picture: true accept rate over the logarithm of the false accept rate.
 *
 * Curves are stairs: over each FAR stands the highest TAR that was reached without exceeding it, nothing is
 * interpolated. The TAR without any false accept is drawn from the left edge.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 */
export async function rocChart(options: RocChartOptions): Promise<string> {
  requireKnownOptions('rocChart', options, OPTIONS);
  return lineChart(rocLines(options));
}
