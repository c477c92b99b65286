import { afterEach, beforeEach, expect, it, vi } from 'vitest';
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

it.each(['SIGINT', 'SIGTERM'] as const)('%s raises the signal, with a reason of its own', async (name) => {
  const reason = await withInterruption(async (signal) => {
    expect(signal.aborted).toBe(false);
    process.emit(name);
    return signal.reason;
  });
  expect(reason).toBeInstanceOf(InterruptedError);
});

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
