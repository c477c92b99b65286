import ora from 'ora';

/** Tells how far a long piece of work has come. */
export interface Progress {
  /** `detail` follows the count, such as the current loss. */
  update(done: number, detail?: string): void;
  /** Leaves one line that says it is done. */
  finish(summary?: string): void;
  /** Leaves one line that says it stopped. */
  stop(summary: string): void;
}

const LINE_EVERY_MS = 10_000;
const REDRAW_EVERY_MS = 80;

/**
 * A line with share, rate and time left: redrawn in place on a terminal, printed now and then elsewhere.
 *
 * @param total in units of `unit`, such as images or steps.
 * @param before how many of them an earlier, interrupted run did; rates and time left leave them out.
 */
export function startProgress(label: string, total: number, unit: string, before: number = 0): Progress {
  const started = performance.now();
  const terminal = process.stderr.isTTY === true;
  const spinner = ora({ text: label, isEnabled: terminal, isSilent: !terminal, discardStdin: false }).start();
  let last = started;
  const text = (done: number, detail: string): string => {
    const seconds = (performance.now() - started) / 1000;
    const rate = (done - before) / Math.max(seconds, 1e-9);
    const left = done <= before ? '' : `, ${formatSeconds((total - done) / rate)} left`;
    const share = total === 0 ? 100 : Math.floor((100 * done) / total);
    return `${label} ${share}% (${done}/${total} ${unit}, ${formatRate(rate)} ${unit}/s${left})${detail === '' ? '' : ` ${detail}`}`;
  };
  return {
    update(done, detail = '') {
      const now = performance.now();
      if (now - last < (terminal ? REDRAW_EVERY_MS : LINE_EVERY_MS)) return;
      last = now;
      if (terminal) spinner.text = text(done, detail);
      else process.stderr.write(`${text(done, detail)}\n`);
    },
    finish(summary) {
      const seconds = (performance.now() - started) / 1000;
      const line =
        summary ??
        `${label}: ${total - before} ${unit} in ${formatSeconds(seconds)} (${formatRate((total - before) / seconds)} ${unit}/s)`;
      if (terminal) spinner.succeed(line);
      else process.stderr.write(`${line}\n`);
    },
    stop(summary) {
      if (terminal) spinner.warn(summary);
      else process.stderr.write(`${summary}\n`);
    },
  };
}

/**
 * Does a piece of work with its progress told.
 *
 * @param work gets what tells how much is done
 */
export async function withProgress<T>(
  label: string,
  total: number,
  unit: string,
  work: (update: (done: number) => void) => Promise<T>,
): Promise<T> {
  const progress = startProgress(label, total, unit);
  let reached = 0;
  try {
    const result = await work((done) => {
      reached = done;
      progress.update(done);
    });
    progress.finish();
    return result;
  } catch (error) {
    progress.stop(`${label}: stopped after ${reached} ${unit}`);
    throw error;
  }
}

/** Such as `42 s`, `3 min 05 s`, `1 h 12 min`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${seconds < 10 ? Math.max(0, seconds).toFixed(1) : whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** Two significant digits below ten, a whole number above. */
export function formatRate(rate: number): string {
  return rate >= 9.95 ? rate.toFixed(0) : rate.toPrecision(2);
}
