import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { STOPS_WITH_PARENT } from '../commands/interruption.ts';
import { EXIT } from '../exit-codes.ts';
import { KEEP_MEMORY } from '../keep-memory.ts';
import type { RunEvent } from '../run/events.ts';
import type { Cell } from './comparison.ts';
import type { CellEnd } from './comparison-folder.ts';

/** Trains a cell in its folder, from its beginning or from its checkpoint, and tells how that ended. Never throws. */
export type CellRunner = (
  cell: Cell,
  options: { readonly signal: AbortSignal; readonly onEvent: (event: RunEvent) => void },
) => Promise<CellEnd>;

/**
 * Trains cells by `cf train`, each in a process of its own: none finds memory, threads or compiled code of another, and
 * what ends its process does not end the comparison.
 *
 * @param program the arguments with which Node runs this program
 */
export function cellsInProcesses(program: readonly string[]): CellRunner {
  return async ({ folder }, { signal, onEvent }) => {
    const started = performance.now();
    // A group of its own, so that Ctrl-C reaches it once: through this process.
    const child = spawn(process.execPath, [...program, 'train', '--resume', folder, '--json'], {
      // By the channel it hears that this process is gone, also where that was killed.
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      detached: true,
      env: { ...process.env, ...KEEP_MEMORY, [STOPS_WITH_PARENT]: '1' },
    });
    const stop = (): void => void child.kill('SIGINT');
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop);
    process.once('exit', kill);
    try {
      const ended = new Promise<{ code: number | null; by: string | null; error?: Error }>((resolve) => {
        child.once('error', (error) => resolve({ code: null, by: null, error }));
        child.once('close', (code, by) => resolve({ code, by }));
      });
      if (signal.aborted) stop();
      const heard: { message?: string; peakMemory?: number } = {};
      for await (const line of createInterface({ input: child.stdout! })) {
        const event = eventOf(line);
        if (event === undefined) continue;
        if (event.event === 'error') heard.message = event.message.split('\n')[0]!;
        if (event.event === 'done') heard.peakMemory = event.peakMemory;
        onEvent(event);
      }
      const { code, by, error } = await ended;
      const seconds = (performance.now() - started) / 1000;
      const status = statusOf(code);
      const reason =
        error?.message ?? heard.message ?? (by === null ? `exit code ${code}` : `ended by ${by}`);
      return {
        status,
        seconds,
        peakMemory: heard.peakMemory ?? null,
        ...(status === 'failed' || status === 'diverged' ? { message: reason } : {}),
      };
    } finally {
      signal.removeEventListener('abort', stop);
      process.off('exit', kill);
    }
  };
}

function statusOf(code: number | null): CellEnd['status'] {
  if (code === EXIT.ok) return 'done';
  if (code === EXIT.interrupted) return 'interrupted';
  return code === EXIT.diverged ? 'diverged' : 'failed';
}

/** Undefined for a line that is no event, such as what a library prints. */
function eventOf(line: string): RunEvent | undefined {
  try {
    const event = JSON.parse(line) as RunEvent | null;
    return typeof event?.event === 'string' ? event : undefined;
  } catch {
    return undefined;
  }
}
