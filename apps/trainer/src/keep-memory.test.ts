import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SCRIPT = `
import { restartKeepingMemory } from ${JSON.stringify(resolve(import.meta.dirname, 'keep-memory.ts'))};
restartKeepingMemory();
console.log(JSON.stringify([process.pid, process.env.MALLOC_TRIM_THRESHOLD_ ?? null, process.argv.slice(1)]));
`;

function run(env: NodeJS.ProcessEnv): { readonly pid: number | undefined; readonly printed: unknown[] } {
  const { MALLOC_TRIM_THRESHOLD_: _trim, MALLOC_MMAP_THRESHOLD_: _mmap, ...rest } = process.env;
  const args = ['--input-type=module', '--eval', SCRIPT, '--', 'one', 'two words'];
  const { pid, stdout } = spawnSync(process.execPath, args, { env: { ...rest, ...env }, encoding: 'utf8' });
  return { pid, printed: JSON.parse(stdout) };
}

describe.skipIf(process.platform !== 'linux' || process.execve === undefined)('restartKeepingMemory', () => {
  it('goes on in the same process, with the same arguments and other settings', () => {
    const { pid, printed } = run({});
    expect(printed).toEqual([pid, '8000000000', ['one', 'two words']]);
  });

  it('leaves settings alone that are there', () => {
    const { pid, printed } = run({ MALLOC_TRIM_THRESHOLD_: '5' });
    expect(printed).toEqual([pid, '5', ['one', 'two words']]);
  });
});
