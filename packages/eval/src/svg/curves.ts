import { fnv1a } from '../charts/fnv1a.ts';
import type { LineChartOptions } from '../charts/line-chart-options.ts';
import { PALETTE } from '../charts/palette.ts';
import { isDrawn, lonelyRows, type SeriesRow } from '../charts/series.ts';
import type { Axis } from './axis.ts';
import { pixels } from './text.ts';

/** The plot's rectangle in the picture, and what its sides mean. */
export interface Plot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
}

/** Curves of a picture, each with its gaps; points without a neighbour as dots. */
export function curves(
  options: LineChartOptions,
  names: readonly string[],
  rows: readonly SeriesRow[],
  plot: Plot,
): string {
  const right = (x: number): string => pixels(plot.width * plot.x.place(x));
  const down = (y: number): string => pixels(plot.height * (1 - plot.y.place(y)));
  const dots = lonelyRows(rows);
  const drawn = names.map((name, index) => {
    const own = rows.filter(({ series }) => series === name);
    const path = pathOf(own, options.step === true, right, down);
    const line = path === '' ? '' : `<path d="${path}"${strokeOf(index)}/>`;
    const circles = dots
      .filter(({ series }) => series === name)
      .map(({ x, y }) => `<circle cx="${right(x)}" cy="${down(y!)}" r="3" fill="${colourOf(index)}"/>`);
    return line + circles.join('');
  });
  const [x, y, width, height] = [plot.left, plot.top, plot.width, plot.height].map(pixels);
  const group = `transform="translate(${x} ${y})" fill="none" stroke-width="2" stroke-linejoin="round"`;
  const content = drawn.join('');
  const isOutside = rows.some((row) => !inside(row.x, plot.x) || (row.y !== null && !inside(row.y, plot.y)));
  // Cut off only where needed: a line along the edge would be halved.
  if (!isOutside) return `<g ${group}>${content}</g>`;
  const id = `c${fnv1a(`${width} ${height} ${content}`)}`;
  const window = `<clipPath id="${id}"><rect width="${width}" height="${height}"/></clipPath>`;
  return `${window}<g ${group} clip-path="url(#${id})">${content}</g>`;
}

/** Colours repeat after the eighth series, dashed. */
export function strokeOf(index: number): string {
  const dashes = Math.floor(index / PALETTE.length) % 3;
  return ` stroke="${colourOf(index)}"${dashes === 0 ? '' : ` stroke-dasharray="${dashes === 1 ? '6 3' : '2 3'}"`}`;
}

function colourOf(index: number): string {
  return PALETTE[index % PALETTE.length]!;
}

function pathOf(
  rows: readonly SeriesRow[],
  step: boolean,
  right: (x: number) => string,
  down: (y: number) => string,
): string {
  let path = '';
  let isOpen = false;
  for (const [index, { x, y }] of rows.entries()) {
    if (y === null) isOpen = false;
    else if (isOpen) path += step ? `H${right(x)}V${down(y)}` : `L${right(x)} ${down(y)}`;
    else if (isDrawn(rows[index + 1])) {
      path += `M${right(x)} ${down(y)}`;
      isOpen = true;
    }
  }
  return path;
}

function inside(value: number, { domain: [low, high] }: Axis): boolean {
  return value >= low && value <= high;
}
