import { expect, it } from 'vitest';
import { InterruptedError, SIGNALS } from '../commands/interruption.ts';
import { answer, skippedFor } from './python.ts';

const program = (source: string) => ['-e', source];

it('a program that fails hands on what it tells, its exit code, and whether it is this one', async () => {
  const source = 'console.error("one\\ntwo"); process.exitCode = 3';
  const failing = answer(process.execPath, program(source), {});
  const known = { exitCode: 3, told: 'one\ntwo\n', isThisProgram: true };
  await expect(failing).rejects.toMatchObject(known);
  // It reads nothing of a task that fills the pipe.
  const unread = answer('sh', ['-c', 'exit 3'], { much: 'x'.repeat(2 ** 20) });
  await expect(unread).rejects.toMatchObject({ exitCode: 3, isThisProgram: false });
});

it('a signal ends the program that is waited for, and leaves nothing that listens', async () => {
  const before = SIGNALS.map((name) => process.listenerCount(name));
  const waiting = answer(process.execPath, program('setInterval(() => {}, 1000)'), {}, { limitSeconds: 20 });
  const rejected = expect(waiting).rejects.toThrow(InterruptedError);
  // As the system's signal would; this process has other listeners.
  (process.listeners('SIGTERM').at(-1) as () => void)();
  await rejected;
  expect(() => skippedFor(new InterruptedError())).toThrow(InterruptedError);
  expect(skippedFor(new Error('no room'))).toBe('no room');
  expect(SIGNALS.map((name) => process.listenerCount(name))).toEqual(before);
});
