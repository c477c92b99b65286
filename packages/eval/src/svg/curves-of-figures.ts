import { type OptionNames, requireKnownOptions } from '@cf/core';
import { type CmcChartOptions, cmcLines } from '../charts/cmc-lines.ts';
import { type DetChartOptions, detLines, type RocChartOptions, rocLines } from '../charts/roc-lines.ts';
import { lineSvg } from './line-svg.ts';

const ROC_SVG_OPTIONS: OptionNames<RocChartOptions> = {
  title: true,
  series: true,
  yDomain: true,
  width: true,
  height: true,
};

/**
 * Receiver operating characteristics as an SVG picture: what `rocChart` draws, without its libraries.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a size or a domain that can't be drawn.
 */
export function rocSvg(options: RocChartOptions): string {
  requireKnownOptions('rocSvg', options, ROC_SVG_OPTIONS);
  return lineSvg(rocLines(options));
}

const DET_SVG_OPTIONS: OptionNames<DetChartOptions> = {
  xTitle: true,
  yTitle: true,
  width: true,
  height: true,
  title: true,
  series: true,
};

/**
 * Detection error trade-off as an SVG picture: what `detChart` draws, without its libraries.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a size that can't be drawn.
 */
export function detSvg(options: DetChartOptions): string {
  requireKnownOptions('detSvg', options, DET_SVG_OPTIONS);
  return lineSvg(detLines(options));
}

const CMC_SVG_OPTIONS: OptionNames<CmcChartOptions> = {
  title: true,
  series: true,
  width: true,
  height: true,
};

/**
 * Cumulative match characteristics as an SVG picture: what `cmcChart` draws, without its libraries.
 *
 * @returns A complete `<svg>` element, 560 × 360 CSS pixels unless told otherwise.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a size that can't be drawn.
 */
export function cmcSvg(options: CmcChartOptions): string {
  requireKnownOptions('cmcSvg', options, CMC_SVG_OPTIONS);
  return lineSvg(cmcLines(options));
}
