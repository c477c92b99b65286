import { setImmediate } from 'node:timers/promises';
import { withProgress } from '../report/progress.ts';

/** After these, signals and the line of progress have their turn. */
const RESAMPLES_AT_A_TIME = 8;

/** What resamples can be drawn from, one by one. */
export interface Drawable<Figures> {
  readonly resamples: number;
  draw(): Iterable<Figures>;
}

/** Draws all resamples with progress and the time left told. @throws the signal's reason */
export function drawResamples<Figures>(
  label: string,
  { resamples, draw }: Drawable<Figures>,
  signal: AbortSignal,
): Promise<readonly Figures[]> {
  return withProgress(label, resamples, 'resamples', async (update) => {
    const all: Figures[] = [];
    for (const figures of draw()) {
      signal.throwIfAborted();
      update(all.push(figures));
      if (all.length % RESAMPLES_AT_A_TIME === 0) await setImmediate();
    }
    return all;
  });
}
