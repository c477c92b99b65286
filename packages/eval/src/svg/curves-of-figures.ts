import { type CmcChartOptions, cmcLines } from '../charts/cmc-lines.ts';
import { type DetChartOptions, detLines, type RocChartOptions, rocLines } from '../charts/roc-lines.ts';
import { lineSvg } from './line-svg.ts';

/**
 * Receiver operating characteristics as an SVG picture: what `rocChart` draws, without its libraries.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a size or a domain that can't be drawn.
 */
export function rocSvg(options: RocChartOptions): string {
  return lineSvg(rocLines(options));
}

/**
 * Detection error trade-off as an SVG picture: what `detChart` draws, without its libraries.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a size that can't be drawn.
 */
export function detSvg(options: DetChartOptions): string {
  return lineSvg(detLines(options));
}

/**
 * Cumulative match characteristics as an SVG picture: what `cmcChart` draws, without its libraries.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a size that can't be drawn.
 */
export function cmcSvg(options: CmcChartOptions): string {
  return lineSvg(cmcLines(options));
}
