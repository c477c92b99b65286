import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { parseHolder, presenceOf, thisHolder } from './run/lock-holder.ts';
import { temporaryFolder } from './testing.ts';
import { SMALL } from './testing-cli.ts';

it('a training of a comparison that is killed saves and ends, as after SIGTERM', async () => {
  const out = join(await temporaryFolder(), 'compared');
  const run = join(out, 'arcface', 'seed-0');
  const flags = [...SMALL.filter((flag) => !flag.includes('epochs')), '--no-control', '--epochs=100000'];
  const few = ['--losses=arcface', '--seeds=1', '--checkpoint-every=1000000steps'];
  const comparison = spawn(
    process.execPath,
    [resolve(import.meta.dirname, 'cli.ts'), 'compare', ...few, ...flags, '--out', out],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let told = '';
  comparison.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const ended = once(comparison, 'exit');
  const isThereFile = (name: string): Promise<boolean> => stat(join(run, name)).then(Boolean, () => false);
  onTestFinished(() => void comparison.kill('SIGKILL'));
  while (!(await isThereFile('metrics.jsonl')) && comparison.exitCode === null) await setTimeout(20);
  const holder = parseHolder(await readFile(join(run, 'run-1.lock'), 'utf8'))!;
  const here = await thisHolder();
  const isAlive = async (): Promise<boolean> => (await presenceOf(holder, here)) === 'alive';
  onTestFinished(async () => {
    if (await isAlive()) process.kill(holder.pid, 'SIGKILL');
  });
  comparison.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  while (await isAlive()) await setTimeout(20);
  expect(await isThereFile('checkpoint.safetensors')).toBe(true);
  // It let go of its folder, which one that was killed itself would not have.
  expect(await isThereFile('run-1.lock')).toBe(false);
  expect(told).toMatch(
    /stopping: the process that started this one is gone\n[\s\S]*interrupted at step \d+ of/,
  );
});
