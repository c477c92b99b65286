import type { Deviation, MeasuredPoint } from './scaling-report.ts';

/** An operation may take this much longer than at the best point of its line. */
const SLACK = 1.25;
/** Share of the speed-up that more threads would give, below which it is told. */
const THREAD_SHARE = 0.8;

/** Where time does not grow as the work does, along every line, and between numbers of threads. */
export function deviations(points: readonly MeasuredPoint[]): readonly Deviation[] {
  const along = linesOf(points).flatMap((line) => {
    const best = line.reduce((a, b) => (b.gflopPerSecond > a.gflopPerSecond ? b : a));
    return line.flatMap(({ axis, x, threads, gflopPerSecond }): Deviation[] => {
      const ratio = best.gflopPerSecond / gflopPerSecond;
      const kind = x < best.x ? 'fixed cost' : 'grows faster';
      return ratio <= SLACK ? [] : [{ axis, x, threads, ratio, kind, beside: best.x }];
    });
  });
  const fewest = Math.min(...points.map(({ threads }) => threads));
  const between = points.flatMap((point): Deviation[] => {
    const { axis, x, threads } = point;
    const one = points.find((other) => other.axis === axis && other.x === x && other.threads === fewest);
    if (one === undefined || threads === fewest) return [];
    const ratio = point.gflopPerSecond / one.gflopPerSecond;
    const isShort = ratio < (THREAD_SHARE * threads) / fewest;
    return isShort ? [{ axis, x, threads, ratio, kind: 'threads', beside: fewest }] : [];
  });
  return [...along, ...between];
}

/** Points of one axis and number of threads, together. */
export function linesOf(points: readonly MeasuredPoint[]): readonly (readonly MeasuredPoint[])[] {
  const lines = new Map<string, MeasuredPoint[]>();
  for (const point of points) {
    const key = `${point.axis} ${point.threads}`;
    lines.set(key, [...(lines.get(key) ?? []), point]);
  }
  return [...lines.values()];
}

/** A deviation in words. */
export function deviationText({ axis, x, threads, ratio, kind, beside }: Deviation): string {
  const of = threads === 1 ? '1 thread' : `${threads} threads`;
  if (kind === 'threads')
    return `${axis} ${x}: ${of} are ${ratio.toFixed(2)} times as fast as ${beside}, not ${(threads / beside).toFixed(0)} times`;
  const where = kind === 'fixed cost' ? 'a cost that does not shrink with it' : 'more than the work does';
  return `${axis} ${x}, ${of}: an operation takes ${ratio.toFixed(2)} times as long as at ${beside} (${where})`;
}
