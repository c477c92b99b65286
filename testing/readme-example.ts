import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

/**
 * Runs the first example of a package's README as it stands, and gives what it prints.
 *
 * @param packageFolder ends in a slash
 */
export async function runReadmeExample(packageFolder: string): Promise<string> {
  const readme = readFileSync(`${packageFolder}README.md`, 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)![1]!;
  // Inside the package, so that its name resolves as it does for a user.
  const file = `${packageFolder}example-${process.pid}.tmp.mjs`;
  writeFileSync(file, code);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    return stdout;
  } finally {
    rmSync(file);
  }
}
