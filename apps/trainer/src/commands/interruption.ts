import { constants } from 'node:os';
import { EXIT } from '../exit-codes.ts';
import { tell } from '../report/tell.ts';
import { nativeSignals } from './native-signals.ts';

/** Of Ctrl-C, of `kill`, and of a terminal that goes away. */
export const SIGNALS: readonly ('SIGINT' | 'SIGTERM' | 'SIGHUP')[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A variable that tells a program to stop, as after SIGTERM, when the channel to whoever started it closes. */
export const STOPS_WITH_PARENT = 'CF_STOPS_WITH_PARENT';

/**
 * Does work with a signal that Ctrl-C (or SIGTERM, or SIGHUP) raises once, so that it can end in good order. A second one
 * ends the process at once, also while native code computes and the event loop has no turn.
 */
export async function withInterruption<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const native = await nativeSignals();
  const stop = (why: string): void => {
    for (const name of SIGNALS) native?.end(constants.signals[name]);
    // A line that is redrawn may have hidden the cursor: nobody else would show it after the second.
    const showCursor = process.stderr.isTTY ? '\u001b[?25h' : '';
    process.stderr.write(`${showCursor}\n${why}\n`);
    controller.abort(new InterruptedError());
  };
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    stop('stopping; Ctrl-C again to stop at once');
  };
  const onParentGone = (): void => {
    if (!controller.signal.aborted) stop('stopping: the process that started this one is gone');
  };
  const heedsParent = process.env[STOPS_WITH_PARENT] !== undefined;
  // Processes that this one starts have no such channel.
  delete process.env[STOPS_WITH_PARENT];
  for (const name of SIGNALS) {
    process.on(name, onSignal);
    native?.once(constants.signals[name]);
  }
  if (heedsParent && process.connected) process.once('disconnect', onParentGone);
  else if (heedsParent) onParentGone();
  try {
    return await work(controller.signal);
  } finally {
    // The channel keeps the process alive for as long as it is listened to.
    process.off('disconnect', onParentGone);
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

/** The reason of an interrupted signal. */
export class InterruptedError extends Error {
  override readonly name: string = 'InterruptedError';

  constructor() {
    super('interrupted');
  }
}

/**
 * The exit status of a command that was interrupted, once it is told what became of its work.
 *
 * @param say writes on the standard error by default
 * @throws `error` itself where it is another one
 */
export function interruptedExit(
  error: unknown,
  told = 'interrupted; nothing was written',
  say: (line: string) => void = tell,
): number {
  if (!(error instanceof InterruptedError)) throw error;
  say(told);
  return EXIT.interrupted;
}
