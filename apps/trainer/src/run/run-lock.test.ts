import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failureOf, temporaryFolder } from '../testing.ts';
import { type LockHolder, parseHolder, presenceOf, thisHolder } from './lock-holder.ts';
import { lockRun, type RunLock, SILENCE_MS } from './run-lock.ts';

let path: string;
let lines: string[];
let locks: RunLock[];
const say = (line: string): void => void lines.push(line);
const lock = async (): Promise<RunLock> => {
  const taken = await lockRun(path, say);
  locks.push(taken);
  return taken;
};
beforeEach(async () => {
  path = await temporaryFolder();
  [lines, locks] = [[], []];
});
afterEach(async () => {
  for (const one of locks) await one.release();
});

/** A lock as another process would have left it. */
async function leave(changes: Partial<LockHolder>, ageMs = 0, name = 'run-1.lock'): Promise<void> {
  const holder = { ...(await thisHolder()), ...changes };
  const file = join(path, name);
  await writeFile(file, JSON.stringify(holder));
  const then = new Date(Date.now() - ageMs);
  await utimes(file, then, then);
}

describe('lockRun', () => {
  it('takes a folder, names its holder in it, and leaves nothing when it is done', async () => {
    const taken = await lock();
    expect(await readdir(path)).toEqual(['run-1.lock']);
    const holder = parseHolder(await readFile(join(path, 'run-1.lock'), 'utf8'));
    expect(holder).toMatchObject({ pid: process.pid, host: hostname() });
    await taken.require();
    await taken.release();
    expect(await readdir(path)).toEqual([]);
    await lock();
    expect(lines).toEqual([]);
  });

  it('refuses a second one, with the holder and the file to remove, and touches nothing', async () => {
    await lock();
    const error = await failureOf(lock);
    expect(error).toMatchObject({ code: 'E_RUN' });
    expect(error.message).toContain(`which process ${process.pid} on ${hostname()}, since `);
    expect(error.message).toContain(`rm '${join(path, 'run-1.lock')}'`);
    expect(await readdir(path)).toEqual(['run-1.lock']);
    await locks[0]!.require();
  });

  it.each<[string, Partial<LockHolder>]>([
    ['a process that is gone', { pid: 2 ** 22 + 5 }],
    ['a number that another process has now', { began: '17' }],
    ['before the machine was started anew', { boot: 'another', pid: 1 }],
  ])('takes over what was left by %s, with its unfinished files, and says so', async (_, changes) => {
    await leave(changes);
    const { pid } = { pid: process.pid, ...changes };
    await writeFile(join(path, `.${pid}-abc.tmp`), 'half');
    await writeFile(join(path, '.99-abc.tmp'), "somebody else's");
    await lock();
    expect((await readdir(path)).filter((name) => name !== `.${process.pid}-abc.tmp`)).toEqual([
      '.99-abc.tmp',
      'run-2.lock',
    ]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/was left by process \d+ on .*, which is gone \(no such process/);
  });

  it.each<[string, Partial<LockHolder>]>([
    ['host', { host: 'elsewhere', pid: 2 ** 22 + 5 }],
    ['container', { namespace: 'pid:[1]', pid: 2 ** 22 + 5 }],
    ['machine of the same name', { machine: 'another', boot: 'another', pid: 2 ** 22 + 5 }],
  ])('of another %s goes by the last sign of life', async (_, changes) => {
    await leave(changes, SILENCE_MS - 20_000);
    const error = await failureOf(lock);
    expect(error.message).toMatch(/last sign of life 2[78]\d s ago; after 300 s it counts as gone/);
    await leave(changes, SILENCE_MS + 5_000);
    await lock();
    expect(lines.join()).toMatch(/which is gone \(last sign of life 30\d s ago/);
  });

  it('goes by the time of a file that is no lock of ours', async () => {
    const file = join(path, 'run-3.lock');
    await writeFile(file, '{"pid": 12');
    expect((await failureOf(lock)).message).toMatch(/which an unknown process writes to/);
    const then = new Date(Date.now() - SILENCE_MS - 5000);
    await utimes(file, then, then);
    await lock();
    expect(await readdir(path)).toEqual(['run-4.lock']);
  });

  it.skipIf(process.platform === 'win32').each<[string, (file: string) => Promise<unknown>]>([
    ['a folder', (file) => mkdir(file)],
    ['a link to nothing', (file) => symlink(join(path, 'none'), file)],
    ['a named pipe', async (file) => execFileSync('mkfifo', [file])],
  ])('is refused where %s has the name of a lock (needs POSIX)', async (_, make) => {
    await make(join(path, 'run-1.lock'));
    expect((await failureOf(lock)).message).toMatch(
      /which an unknown process writes to .*rm '.*run-1\.lock'/s,
    );
    expect(await readdir(path)).toEqual(['run-1.lock']);
  });

  it('gives way to a lock that came between, whatever its number', async () => {
    // As where the list was read before the folder was released and taken anew.
    await leave({ pid: 2 ** 22 + 5 }, 0, 'run-7.lock');
    await leave({}, 0, 'run-1.lock');
    expect((await failureOf(lock)).message).toContain('run-1.lock');
    expect((await readdir(path)).sort()).toEqual(['run-1.lock', 'run-7.lock']);
  });

  it('knows when the folder is gone, or the lock another one', async () => {
    const taken = await lock();
    const file = join(path, 'run-1.lock');
    const text = await readFile(file, 'utf8');
    await leave({ token: 'another' });
    expect((await failureOf(() => taken.require())).message).toMatch(/whose lock another process/);
    await taken.release();
    expect(await readdir(path)).toEqual(['run-1.lock']);
    await writeFile(file, text);
    await rename(path, `${path}-moved`);
    expect((await failureOf(() => taken.require())).message).toMatch(/which was removed while/);
    await rm(`${path}-moved`, { recursive: true });
  });

  it('is touched while its process lives, and not once it is another one', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      await lock();
      const file = join(path, 'run-1.lock');
      const text = await readFile(file, 'utf8');
      const isTouched = async (): Promise<boolean> => {
        await utimes(file, 1, 1);
        vi.advanceTimersByTime(10_000);
        await setTimeout(100);
        return (await stat(file)).mtimeMs > 1e6;
      };
      expect(await isTouched()).toBe(true);
      expect(await isTouched()).toBe(true);
      expect(await readFile(file, 'utf8')).toBe(text);
      await leave({ token: 'another' });
      expect(await isTouched()).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('names a folder that takes no file', async () => {
    await rm(path, { recursive: true });
    expect(await failureOf(lock)).toMatchObject({ code: 'E_OUTPUT' });
    await mkdir(path);
  });

  it('goes to one of many that find it left behind at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      await leave({ pid: 2 ** 22 + 5 });
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockRun(path, say)));
      const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(taken).toHaveLength(1);
      await taken[0]!.require();
      await taken[0]!.release();
      expect(await readdir(path)).toEqual([]);
    }
    expect(lines).toHaveLength(20);
  });

  it('goes to one of twenty processes that find it left behind at once', async () => {
    await leave({ pid: 2 ** 22 + 5 });
    const children = Array.from({ length: 20 }, () =>
      fork(join(import.meta.dirname, 'testing-lock.ts'), [path], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    );
    const said = children.map(async (child) => ((await once(child, 'message')) as [string])[0]);
    await Promise.all(said);
    const results = children.map((child) => once(child, 'message') as Promise<[string]>);
    const at = Date.now() + 200;
    for (const child of children) child.send(at);
    const outcomes = (await Promise.all(results)).map(([outcome]) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'mine')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'E_RUN')).toHaveLength(19);
    const ended = children.map((child) => once(child, 'exit'));
    for (const child of children) child.send('end');
    await Promise.all(ended);
    expect((await readdir(path)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});

describe('a holder', () => {
  it('is this process, which is alive', async () => {
    const here = await thisHolder();
    expect(parseHolder(JSON.stringify(here))).toEqual(JSON.parse(JSON.stringify(here)));
    expect(await presenceOf(here, here)).toBe('alive');
  });

  it('is none, and no failure, for any other text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseHolder(text)).toBeUndefined();
      }),
    );
  });
});
