import type { Writable } from 'node:stream';
import { OutputError } from './errors.ts';
import { EXIT } from './exit-codes.ts';

/** What a write says where nobody reads any more: a pipe is closed, a terminal has gone. */
const GONE = new Set(['EPIPE', 'EIO', 'EBADF', 'ENXIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/** What {@link guardStreams} needs of the process. */
export interface GuardedProcess {
  readonly stdout: Writable;
  readonly stderr: Writable;
  exitCode?: number | string | null | undefined;
  on(event: 'exit', listener: () => void): unknown;
}

/**
 * A reader that goes away (`cf … | head`, a closed terminal) takes what is printed with it, and nothing else: the work
 * goes on to its own end and exit code. Results that can't be written, to a full disk, are told once, and the process
 * then exits with the code of an output.
 */
export function guardStreams(process: GuardedProcess): void {
  let isTold = false;
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isTold || GONE.has(error.code ?? '')) return;
    isTold = true;
    const { name, message } = new OutputError('standard output', error);
    process.stderr.write(`${name}: ${message}\n`);
    process.on('exit', () => {
      process.exitCode ||= EXIT.data;
    });
  });
}
