import { type OptionNames, requireKnownOptions } from '@cf/core';
import type { TopLevelSpec } from 'vega-lite';
import { DEFAULT_HEIGHT, DEFAULT_WIDTH } from './chart-size.ts';
import { type Domain, decades, linearDomain, logDomain } from './domain.ts';
import { LEGEND_ROW, type LineChartOptions, legendColumns, lineRows } from './line-chart-options.ts';
import { PALETTE } from './palette.ts';
import { chartTitle, renderSvg } from './render.ts';
import { isDrawn, lonelyRows, type SeriesRow, uniqueNames } from './series.ts';

type Layer = Extract<TopLevelSpec, { layer: unknown }>['layer'][number];
type LineMark = Extract<Layer, { mark: unknown }>['mark'];

/** Powers of ten as the field writes them: 1e-4, and 1, 10, 100 … in full. */
const LOG_LABEL =
  "datum.value >= 1 && datum.value < 1e6 ? format(datum.value, ',.0f') : replace(format(datum.value, '.0e'), '+', '')";

const OPTIONS: OptionNames<LineChartOptions> = {
  series: true,
  logX: true,
  logY: true,
  yDomain: true,
  xDomain: true,
  step: true,
  title: true,
  xTitle: true,
  yTitle: true,
  width: true,
  height: true,
};

/**
 * Curves over a common x, as an SVG picture: losses, t, r or shares over the steps of a training, for example.
 *
 * Its text takes the colour of the page around it (`currentColor`) and its background is transparent. What is not
 * finite is not drawn: it leaves a gap. Series of thousands of points are thinned to their outline.
 *
 * @returns A complete `<svg>` element, 560 × 320 CSS pixels unless told otherwise; where the legend needs more than
 * one row, each further row adds to the height.
 */
export async function lineChart(options: LineChartOptions): Promise<string> {
  requireKnownOptions('lineChart', options, OPTIONS);
  const rows = lineRows(options);
  const names = uniqueNames(options.series.map(({ name }) => name));
  const columns = legendColumns(names, options.width ?? DEFAULT_WIDTH);
  const height = (options.height ?? DEFAULT_HEIGHT) + (Math.ceil(names.length / columns) - 1) * LEGEND_ROW;
  return renderSvg(lineSpec(options, rows, { names, columns }), { ...options, height }, describe(options));
}

function lineSpec(
  options: LineChartOptions,
  rows: readonly SeriesRow[],
  { names, columns }: { readonly names: string[]; readonly columns: number },
): TopLevelSpec {
  const width = options.width ?? DEFAULT_WIDTH;
  const dots = lonelyRows(rows);
  return {
    title: chartTitle(options.title, rows.some(isDrawn), options),
    encoding: {
      x: { field: 'x', type: 'quantitative', ...xScale(options, rows) },
      y: { field: 'y', type: 'quantitative', ...yScale(options, rows) },
      color: {
        field: 'series',
        type: 'nominal',
        scale: { domain: names, range: names.map((_, index) => PALETTE[index % PALETTE.length]!) },
        legend: names.length > 1 ? { columns, labelLimit: width - 80 } : null,
      },
    },
    layer: [
      { data: { values: [...rows] }, mark: lineMark(options, rows) },
      ...(dots.length === 0 ? [] : [{ data: { values: dots }, mark: DOT }]),
    ],
  };
}

const DOT = { type: 'point', filled: true, opacity: 1, shape: 'circle', size: 30 } as const;

function lineMark({ step, xDomain, yDomain }: LineChartOptions, rows: readonly SeriesRow[]): LineMark {
  const outside = rows.some(({ x, y }) => isOutside(x, xDomain) || (y !== null && isOutside(y, yDomain)));
  return {
    type: 'line',
    // Only where needed: clipping also halves a line that runs along the edge.
    clip: outside,
    interpolate: step === true ? 'step-after' : 'linear',
    invalid: 'break-paths-show-domains',
    // The rows are in order; several of one series may share an x.
    order: false,
    strokeJoin: 'round',
    strokeWidth: 2,
  };
}

function xScale(options: LineChartOptions, rows: readonly SeriesRow[]): object {
  const values = rows.map(({ x }) => x);
  if (options.logX !== true) {
    const domain = [...(options.xDomain ?? linearDomain(values))];
    const tickMinStep = values.every(Number.isInteger) ? { tickMinStep: 1 } : {};
    return {
      scale: { domain, nice: false, zero: false },
      axis: { title: options.xTitle, tickCount: 6, ...tickMinStep },
    };
  }
  const domain = options.xDomain ?? logDomain(values);
  return {
    scale: { type: 'log', domain: [...domain], nice: false },
    axis: { title: options.xTitle, values: decades(domain), labelExpr: LOG_LABEL, labelOverlap: 'parity' },
  };
}

function yScale({ yDomain, yTitle, logY }: LineChartOptions, rows: readonly SeriesRow[]): object {
  const values = rows.flatMap(({ y }) => (y === null ? [] : [y]));
  if (logY === true) {
    const decadeDomain = yDomain ?? logDomain(values);
    return {
      scale: { type: 'log', domain: [...decadeDomain], nice: false },
      axis: { title: yTitle, values: decades(decadeDomain), labelExpr: LOG_LABEL },
    };
  }
  const domain = [...(yDomain ?? linearDomain(values))];
  return {
    scale: { domain, nice: yDomain === undefined, zero: false },
    axis: { title: yTitle, tickCount: 5 },
  };
}

function isOutside(value: number, domain: Domain | undefined): boolean {
  return domain !== undefined && (value < domain[0] || value > domain[1]);
}

function describe(options: LineChartOptions): string {
  const names = options.series.map(({ name }) => name).join(', ');
  return `${options.title}: ${options.yTitle} over ${options.xTitle}; ${names}`;
}
