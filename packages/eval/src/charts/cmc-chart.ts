import { type CmcChartOptions, cmcLines } from './cmc-lines.ts';
import { lineChart } from './line-chart.ts';

/**
 * Cumulative match characteristics as an SVG picture: the share of searches whose identity is among the first R.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 */
export async function cmcChart(options: CmcChartOptions): Promise<string> {
  return lineChart(cmcLines(options));
}
