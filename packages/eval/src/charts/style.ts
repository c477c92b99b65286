import type { Config } from 'vega-lite';
import { PALETTE } from './palette.ts';

/** Genuine pairs are blue and impostor pairs orange in every picture. */
export const GENUINE_COLOUR: string = PALETTE[0]!;
export const IMPOSTOR_COLOUR: string = PALETTE[1]!;

/** Text and rules take the colour of the surrounding text, so that one picture suits a light and a dark page. */
const INK = 'currentColor';

/** The look that all pictures share. */
export const CHART_CONFIG: Config = {
  aria: false,
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  title: {
    anchor: 'start',
    frame: 'bounds',
    color: INK,
    fontSize: 15,
    fontWeight: 600,
    subtitleColor: INK,
    subtitleFontSize: 12,
    offset: 12,
  },
  axis: {
    domain: false,
    gridColor: INK,
    gridOpacity: 0.14,
    labelColor: INK,
    labelFlush: false,
    labelFontSize: 12,
    labelOpacity: 0.8,
    labelOverlap: 'greedy',
    labelPadding: 6,
    labelSeparation: 8,
    ticks: false,
    titleColor: INK,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titleOpacity: 0.8,
    titlePadding: 10,
  },
  legend: {
    orient: 'top',
    direction: 'horizontal',
    title: null,
    labelColor: INK,
    labelFontSize: 12,
    symbolType: 'stroke',
    symbolSize: 220,
    symbolStrokeWidth: 3,
    columnPadding: 18,
    offset: 8,
  },
};
