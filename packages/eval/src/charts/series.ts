import { LARGEST_DRAWN } from './domain.ts';

/** One curve. */
export interface ChartSeries {
  /** Its name in the legend. */
  readonly name: string;
  /**
   * In any order. A `y` that is not finite leaves a gap; a point whose `x` is not finite, or not positive on a
   * logarithmic axis, is left out. Magnitudes above 1e100 count as not finite.
   */
  readonly points: readonly ChartPoint[];
}

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
}

/** A row of the data of a specification; `y` is null in a gap. */
export interface SeriesRow {
  readonly series: string;
  readonly x: number;
  readonly y: number | null;
}

/** More points than this are not told apart in a picture of the usual width. */
const MAX_POINTS = 1200;

/** Rows of all series, each in rising order of x, long ones thinned. */
export function seriesRows(series: readonly ChartSeries[], logX: boolean): SeriesRow[] {
  const names = uniqueNames(series.map(({ name }) => name));
  return series.flatMap(({ points }, index) => {
    const rows = points
      .filter(({ x }) => Math.abs(x) <= LARGEST_DRAWN && (!logX || x >= 1 / LARGEST_DRAWN))
      .map(({ x, y }) => ({ series: names[index]!, x, y: Math.abs(y) <= LARGEST_DRAWN ? y : null }))
      .sort((a, b) => a.x - b.x);
    return thinRows(rows);
  });
}

/** False in a gap. */
export function isDrawn(row: SeriesRow | undefined): boolean {
  return row !== undefined && row.y !== null;
}

/** Rows without a drawn neighbour in their series: a line through them has no length and would not show. */
export function lonelyRows(rows: readonly SeriesRow[]): SeriesRow[] {
  return rows.filter((row, index) => {
    const neighbours = [rows[index - 1], rows[index + 1]].filter((other) => other?.series === row.series);
    return isDrawn(row) && !neighbours.some(isDrawn);
  });
}

/** The names, with a number after those that were there before: equal names would be drawn as one curve. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let k = 2; taken.has(unique); k++) unique = `${name} (${k})`;
    taken.add(unique);
    return unique;
  });
}

/** Of each stretch of neighbouring rows the lowest, the highest and a gap if there is one: the outline stays as it was. */
function thinRows(rows: readonly SeriesRow[]): readonly SeriesRow[] {
  if (rows.length <= MAX_POINTS) return rows;
  const stretches = MAX_POINTS / 3;
  const chosen = new Set([0, rows.length - 1]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const start = Math.floor((stretch * rows.length) / stretches);
    const end = Math.floor(((stretch + 1) * rows.length) / stretches);
    for (const index of outline(rows, start, end)) chosen.add(index);
  }
  return rows.filter((_, index) => chosen.has(index));
}

function outline(rows: readonly SeriesRow[], start: number, end: number): number[] {
  let lowest = -1;
  let highest = -1;
  let gap = -1;
  for (let index = start; index < end; index++) {
    const y = rows[index]!.y;
    if (y === null) {
      gap = index;
      continue;
    }
    if (lowest < 0 || y < rows[lowest]!.y!) lowest = index;
    if (highest < 0 || y > rows[highest]!.y!) highest = index;
  }
  return [lowest, highest, gap].filter((index) => index >= 0);
}
