import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));

test('the example in the README trains, as it stands', async () => {
  const readme = readFileSync(`${packageFolder}README.md`, 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)![1]!;
  // Inside the package, so that its name resolves as it does for a user.
  const file = `${packageFolder}example-${process.pid}.tmp.mjs`;
  writeFileSync(file, code);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    const losses = [...stdout.matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(4);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 4);
  } finally {
    rmSync(file);
  }
});
