import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { type GuardedProcess, guardStreams } from './guard-streams.ts';

/** A process whose streams fail with a code of the system, and what its stderr was given. */
function failing(code: string) {
  const told: string[] = [];
  const bad = (): Writable =>
    new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: no`), { code })),
    });
  const good = new Writable({
    write(chunk, _encoding, done) {
      told.push(String(chunk));
      done();
    },
  });
  const process: GuardedProcess & EventEmitter = Object.assign(new EventEmitter(), {
    stdout: bad(),
    stderr: good,
    exitCode: 0,
  });
  return { process, told };
}

const turns = (): Promise<void> => new Promise((done) => setTimeout(done, 5));

it.each(['EPIPE', 'EIO', 'EBADF'])('%s is nobody who reads: nothing is told', async (code) => {
  const { process, told } = failing(code);
  guardStreams(process);
  process.stdout.write('a result\n');
  await turns();
  process.emit('exit');
  expect([told, process.exitCode]).toEqual([[], 0]);
});

it('a full disk is told once, and changes an exit code of 0', async () => {
  const { process, told } = failing('ENOSPC');
  guardStreams(process);
  for (const line of ['a result\n', 'and another\n']) process.stdout.write(line);
  await turns();
  process.emit('exit');
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^OutputError .*'standard output' \(ENOSPC: no\)/);
  expect(process.exitCode).toBe(3);
  const other = failing('ENOSPC');
  other.process.exitCode = 4;
  guardStreams(other.process);
  other.process.stdout.write('x');
  await turns();
  other.process.emit('exit');
  expect(other.process.exitCode).toBe(4);
});
