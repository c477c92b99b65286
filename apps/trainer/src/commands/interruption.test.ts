import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failureOf, withoutProgress } from '../testing.ts';
import { InterruptedError, withInterruption } from './interruption.ts';

withoutProgress();

let before: number;
beforeEach(() => {
  before = process.listenerCount('SIGINT');
});
afterEach(() => {
  expect(process.listenerCount('SIGINT')).toBe(before);
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s raises the signal, with a reason of its own',
  async (name) => {
    const reason = await withInterruption(async (signal) => {
      expect(signal.aborted).toBe(false);
      process.emit(name);
      return signal.reason;
    });
    expect(reason).toBeInstanceOf(InterruptedError);
  },
);

it('a second one ends the process', async () => {
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  await withInterruption(async () => {
    process.emit('SIGINT');
    expect(exit).not.toHaveBeenCalled();
    process.emit('SIGINT');
  });
  expect(exit).toHaveBeenCalledWith(130);
});

it('lets go of the process when the work fails', async () => {
  const error = await failureOf(() => withInterruption(() => Promise.reject(new Error('full'))));
  expect(error.message).toBe('full');
});

/** A program that is told to stop, and then computes without a turn of the event loop. */
const BUSY = `
import { withInterruption } from './interruption.ts';
setInterval(() => {}, 1000);
await withInterruption(async (signal) => {
  process.stdout.write('begun\\n');
  if (process.argv[1] === 'after') await new Promise((done) => signal.addEventListener('abort', done));
  if (process.argv[1] === 'after') process.stdout.write('told\\n');
  for (const until = Date.now() + 30_000; Date.now() < until; );
});
`;

describe.each(['before', 'after'] as const)('work without a turn, %s the first signal is heard,', (when) => {
  it.each<[NodeJS.Signals, NodeJS.Signals]>([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGHUP', 'SIGHUP'],
    ...(when === 'after' ? ([['SIGINT', 'SIGTERM']] as [NodeJS.Signals, NodeJS.Signals][]) : []),
  ])('ends at once: %s, %s', async (first, second) => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', BUSY, when], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    child.kill(first);
    if (when === 'after') await once(child.stdout, 'data');
    else await setTimeout(300);
    expect(child.exitCode ?? child.signalCode).toBeNull();
    child.kill(second);
    // One that computed to its end would end with a number.
    expect(await ended).toEqual([null, second]);
  });
});
