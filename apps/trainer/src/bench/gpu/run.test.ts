import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testing.ts';

const RUN = join(import.meta.dirname, 'run.ts');

interface Report {
  readonly rows: readonly { readonly what: string; readonly on: string; readonly value: string }[];
}

async function run(...flags: readonly string[]): Promise<Report & { readonly stdout: string }> {
  const json = join(await temporaryFolder(), 'bench.json');
  const args = [RUN, '--tiny', '--python', join(json, 'none'), '--json', json, ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => child.on('close', resolve));
  const stdout = await text(child.stdout);
  expect(await closed).toBe(0);
  return { ...(JSON.parse(await readFile(json, 'utf8')) as Report), stdout };
}

test('a provider that is not there takes nothing with it, and PyTorch that is not there is a line', async () => {
  const { rows, stdout } = await run('--provider', 'absent', '--provider', 'cpu');
  expect(rows[0]).toMatchObject({
    what: 'proof',
    on: 'absent',
    value: expect.stringMatching(/^– .*'absent'/),
  });
  expect(rows.slice(1).map(({ what, on, value }) => [what, on, value])).toEqual([
    ['proof', 'cpu', expect.stringMatching(/^head off by .*, network 0/)],
    ['product, float32', 'cpu', expect.stringMatching(/^[\d.e-]+ TFLOP\/s$/)],
    ['head, 50 classes', 'cpu, tiles of 1 MiB', expect.stringMatching(/^[\d.]+ ms$/)],
    ['head, 200 classes', 'cpu, tiles of 1 MiB', expect.stringMatching(/^[\d.]+ ms$/)],
    ['tiny-iresnet', 'cpu', expect.stringMatching(/^[\d.e+]+ images\/s$/)],
  ]);
  expect(stdout).toMatch(/^PyTorch: not measured, .*none has none/m);
  expect(stdout).toMatch(/^\| what \| absent \| cpu \| cpu, tiles of 1 MiB \|\n\|( --- \|){4}\n\| proof \|/m);
});

test('where the time is over, every part says so', async () => {
  const { rows } = await run('--provider', 'cpu', '--seconds', '2');
  expect(rows).toEqual([expect.objectContaining({ what: 'proof', value: '– no time was left' })]);
});
