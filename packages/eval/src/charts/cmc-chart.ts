import { type OptionNames, requireKnownOptions } from '@cf/core';
import { type CmcChartOptions, cmcLines } from './cmc-lines.ts';
import { lineChart } from './line-chart.ts';

const OPTIONS: OptionNames<CmcChartOptions> = { title: true, series: true, width: true, height: true };

/**
 * Cumulative match characteristics as an SVG picture: the share of searches whose identity is among the first R.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 */
export async function cmcChart(options: CmcChartOptions): Promise<string> {
  requireKnownOptions('cmcChart', options, OPTIONS);
  return lineChart(cmcLines(options));
}
