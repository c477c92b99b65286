import ora, { type Ora } from 'ora';
import { isTold } from './quiet.ts';

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
  if (!isTold()) return { update() {}, finish() {}, stop() {} };
  const started = performance.now();
  const terminal = terminalLine(label);
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
      if (now - last < (terminal.isDrawn() ? REDRAW_EVERY_MS : LINE_EVERY_MS)) return;
      last = now;
      if (!terminal.show(text(done, detail))) process.stderr.write(`${text(done, detail)}\n`);
    },
    finish(summary) {
      const seconds = (performance.now() - started) / 1000;
      const line =
        summary ??
        `${label}: ${total - before} ${unit} in ${formatSeconds(seconds)} (${formatRate((total - before) / seconds)} ${unit}/s)`;
      if (!terminal.end('succeed', line)) process.stderr.write(`${line}\n`);
    },
    stop(summary) {
      if (!terminal.end('warn', summary)) process.stderr.write(`${summary}\n`);
    },
  };
}

/** The line that is redrawn in place; what it does not show has to be printed. */
interface TerminalLine {
  isDrawn(): boolean;
  show(text: string): boolean;
  end(how: 'succeed' | 'warn', text: string): boolean;
}

/** Room of the spinner before a text, and of the cursor after it. */
const FRAME = 3;

/** Of a terminal that says how wide it is, for as long as it is there. */
function terminalLine(label: string): TerminalLine {
  const { stderr, env } = process;
  let spinner: Ora | undefined;
  const letGo = (): void => {
    stderr.off('resize', onResize);
    stderr.off('error', stop);
    spinner?.stop();
    spinner = undefined;
  };
  const stop = (): void => letGo();
  // At a width of 0 a text takes infinitely many lines, and clearing them never ends.
  const onResize = (): void => {
    if (!stderr.columns) letGo();
  };
  if (stderr.isTTY && stderr.columns > 0 && env.TERM !== 'dumb') {
    const color = env.NO_COLOR ? false : 'cyan';
    spinner = ora({ text: fitted(label), color, isEnabled: true, discardStdin: false }).start();
    stderr.on('resize', onResize);
    stderr.on('error', stop);
  }
  return {
    isDrawn: () => spinner !== undefined,
    show(text) {
      if (spinner !== undefined) spinner.text = fitted(text);
      return spinner !== undefined;
    },
    end(how, text) {
      const drawn = spinner;
      letGo();
      // Persisted in full: it may take several lines, once.
      drawn?.[how](text);
      return drawn !== undefined;
    },
  };
}

/** A text that takes one line of the terminal: a longer one would leave its upper lines behind at a redraw. */
function fitted(text: string): string {
  const room = Math.max(1, process.stderr.columns - FRAME);
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
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
