import { type OptionNames, OptionOutOfRangeError, requireKnownOptions } from '@cf/core';
import { DEFAULT_HEIGHT, DEFAULT_WIDTH, titleLines } from '../charts/chart-size.ts';
import { type Domain, LARGEST_DRAWN, linearDomain, logDomain } from '../charts/domain.ts';
import { LEGEND_ROW, type LineChartOptions, legendColumns, lineRows } from '../charts/line-chart-options.ts';
import { isDrawn, type SeriesRow, uniqueNames } from '../charts/series.ts';
import { escapeHtml } from '../report/escape-html.ts';
import { type Axis, linearAxis, logAxis } from './axis.ts';
import { curves, type Plot, strokeOf } from './curves.ts';
import { fitted, LETTER, pixels, textElement, widthOf } from './text.ts';

/** Around the picture, between its parts, and what a line of the title takes, in CSS pixels. */
const EDGE = 8;
const GAP = 6;
const TITLE_LINE = 19;
/** Smaller pictures have no room for their axes. */
const LEAST_SIDE = 120;

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
 * Curves over a common x as an SVG picture: what `lineChart` draws, at once and in a few kilobytes, for a page that does
 * not load the libraries of the other charts.
 *
 * Its text takes the colour of the page around it (`currentColor`) and its background is transparent, so it suits a light
 * and a dark page. A `<title>` and a `<desc>` say what it shows, for those who can't see it. What is not finite is not drawn:
 * it leaves a gap. The same options give the same bytes, and ids are the picture's own, so that many may stand in one page.
 *
 * @returns A complete `<svg>` element, 560 × 320 CSS pixels unless told otherwise; where the legend needs more than
 * one row, each further row adds to the height.
 * @throws OptionOutOfRangeError (`E_OPTION_RANGE`) for a size below 120 pixels, or a domain that does not rise, is not
 * finite, or is not positive on a logarithmic axis.
 */
export function lineSvg(options: LineChartOptions): string {
  requireKnownOptions('lineSvg', options, OPTIONS);
  const width = checkedSide('width', options.width ?? DEFAULT_WIDTH);
  checkDomain('xDomain', options.xDomain, options.logX === true);
  checkDomain('yDomain', options.yDomain, options.logY === true);
  const rows = lineRows(options);
  const names = uniqueNames(options.series.map(({ name }) => name));
  const legend = legendOf(names, width);
  const height =
    checkedSide('height', options.height ?? DEFAULT_HEIGHT) + Math.max(0, legend.rows - 1) * LEGEND_ROW;
  const title = titleLines(options.title, width);
  const hasData = rows.some(isDrawn);
  const head = EDGE + title.length * TITLE_LINE + (hasData ? 0 : LEGEND_ROW);
  const plot = plotOf(options, rows, {
    top: head + legend.rows * LEGEND_ROW + GAP,
    width,
    height,
  });
  const parts = [
    `<title>${escapeHtml(options.title)}</title>`,
    `<desc>${escapeHtml(describe(options, names, rows))}</desc>`,
    ...title.map((line, index) =>
      textElement(line, {
        x: EDGE,
        y: EDGE + (index + 0.75) * TITLE_LINE,
        attributes: ' font-size="15" font-weight="600"',
      }),
    ),
    hasData ? '' : textElement('no data', { x: EDGE, y: head - 4 }),
    legend.draw(head + LETTER),
    gridOf(options, plot, height),
    curves(options, names, rows, plot),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="${LETTER}" fill="currentColor">${parts.join('')}</svg>`;
}

function checkedSide(name: 'width' | 'height', side: number): number {
  if (Number.isFinite(side) && side >= LEAST_SIDE) return side;
  throw new OptionOutOfRangeError(
    name,
    side,
    `a number of CSS pixels ≥ ${LEAST_SIDE}`,
    'leave it out; a style sheet may show the picture smaller.',
  );
}

function checkDomain(name: 'xDomain' | 'yDomain', domain: Domain | undefined, isLog: boolean): void {
  if (domain === undefined) return;
  const [low, high] = domain;
  const fits = Math.abs(low) <= LARGEST_DRAWN && Math.abs(high) <= LARGEST_DRAWN && low < high;
  if (fits && (!isLog || low >= 1 / LARGEST_DRAWN)) return;
  throw new OptionOutOfRangeError(
    name,
    domain,
    isLog ? 'two positive numbers that rise, for a logarithmic axis' : 'two finite numbers that rise',
    'leave it out for the range of the data.',
  );
}

/** Where the curves go, between the title, the legend and the axes' numbers, with both axes. */
function plotOf(
  options: LineChartOptions,
  rows: readonly SeriesRow[],
  { top, width, height }: { readonly top: number; readonly width: number; readonly height: number },
): Plot {
  const plotHeight = Math.max(1, height - EDGE - 2 * (LETTER + GAP) - GAP - top);
  const ys = rows.flatMap(({ y }) => (y === null ? [] : [y]));
  const y: Axis =
    options.logY === true
      ? logAxis(options.yDomain ?? logDomain(ys), plotHeight / (2 * LETTER))
      : linearAxis(options.yDomain ?? linearDomain(ys), {
          ticks: Math.min(5, plotHeight / (2 * LETTER)),
          nice: options.yDomain === undefined,
        });
  const widest = Math.max(0, ...y.ticks.map(({ label }) => widthOf(label)));
  const left = EDGE + LETTER + 2 * GAP + widest;
  // Half a number stands out on the right, at most.
  const plotWidth = Math.max(1, width - left - 3 * EDGE);
  const xs = rows.map(({ x }) => x);
  const x: Axis =
    options.logX === true
      ? logAxis(options.xDomain ?? logDomain(xs), plotWidth / widthOf('1e-10 '))
      : linearAxis(options.xDomain ?? linearDomain(xs), {
          ticks: Math.min(6, plotWidth / widthOf('100000 ')),
          whole: xs.every(Number.isInteger),
        });
  return { left, top, width: plotWidth, height: plotHeight, x, y };
}

/** Rules at the ticks, their numbers, and what the axes are. */
function gridOf(options: LineChartOptions, plot: Plot, height: number): string {
  const { left, top, x, y } = plot;
  const [right, bottom] = [left + plot.width, top + plot.height];
  const xs = x.ticks.map(({ value, label }) => ({ at: left + plot.width * x.place(value), label }));
  const ys = y.ticks.map(({ value, label }) => ({ at: bottom - plot.height * y.place(value), label }));
  const rules = [
    ...xs.map(({ at }) => `M${pixels(at)} ${pixels(top)}V${pixels(bottom)}`),
    ...ys.map(({ at }) => `M${pixels(left)} ${pixels(at)}H${pixels(right)}`),
  ];
  const numbers = [
    ...xs.map(({ at, label }) =>
      textElement(label, { x: at, y: bottom + GAP + LETTER - 2, anchor: 'middle' }),
    ),
    ...ys.map(({ at, label }) => textElement(label, { x: left - GAP, y: at + 4, anchor: 'end' })),
  ];
  const middle = (top + bottom) / 2;
  const titles = [
    textElement(fitted(options.xTitle, plot.width), {
      x: (left + right) / 2,
      y: height - EDGE,
      anchor: 'middle',
    }),
    textElement(fitted(options.yTitle, height - 2 * EDGE), {
      x: EDGE + LETTER - 2,
      y: middle,
      anchor: 'middle',
      attributes: ` transform="rotate(-90 ${pixels(EDGE + LETTER - 2)} ${pixels(middle)})"`,
    }),
  ];
  return `<path d="${rules.join('')}" stroke="currentColor" stroke-opacity="0.14"/><g opacity="0.8">${numbers.join('')}${titles.join('')}</g>`;
}

/** Names beside a stroke of their colour, in columns; nothing for one series. */
function legendOf(
  names: readonly string[],
  width: number,
): { readonly rows: number; draw(firstLine: number): string } {
  if (names.length < 2) return { rows: 0, draw: () => '' };
  const columns = legendColumns(names, width);
  const column = (width - 2 * EDGE) / columns;
  const stroke = 18;
  const draw = (firstLine: number): string =>
    names
      .map((name, index) => {
        const x = EDGE + (index % columns) * column;
        const y = firstLine + Math.floor(index / columns) * LEGEND_ROW;
        const line = `<path d="M${pixels(x)} ${pixels(y - 4)}h${stroke}" stroke-width="3"${strokeOf(index)}/>`;
        const text = fitted(name, column - stroke - 2 * GAP);
        return line + textElement(text, { x: x + stroke + GAP, y });
      })
      .join('');
  return { rows: Math.ceil(names.length / columns), draw };
}

/** What the picture shows, in words: the axes, and of each curve where it begins and ends. */
function describe(options: LineChartOptions, names: readonly string[], rows: readonly SeriesRow[]): string {
  const axes = `${options.yTitle} over ${options.xTitle}${options.logX === true ? ', logarithmic' : ''}`;
  const ends = names.map((name) => {
    const own = rows.filter((row) => row.series === name && isDrawn(row));
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) return `${name}: no data`;
    const at = ({ x, y }: SeriesRow): string => `${short(y!)} at ${short(x)}`;
    return own.length === 1 ? `${name}: ${at(first)}` : `${name}: from ${at(first)} to ${at(last)}`;
  });
  return [axes, ...ends].join('. ');
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
