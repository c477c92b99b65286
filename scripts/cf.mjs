// Runs the cf program with a Node that can run it, whatever Node this is; on a fresh clone it is installed first.
import { existsSync, readFileSync } from 'node:fs';
import { root, runWithNode, runWithTools } from './node-runtime.mjs';

// Written by pnpm when all is installed, and what was: after a pull there may be more.
const isInstalled = existsSync(`${root}node_modules/.modules.yaml`) && isCurrent();
// What the program prints on the standard output may be read by another.
const status = isInstalled ? 0 : runWithTools('pnpm install --frozen-lockfile --prefer-offline', 'stderr');
process.exitCode = status || runWithNode(['apps/trainer/src/cli.ts', ...process.argv.slice(2)]);

/** Whether what is installed is what the lock file has, whatever ends its lines. */
function isCurrent() {
  const lockOf = (path) => readFileSync(`${root}${path}`, 'utf8').replaceAll('\r\n', '\n');
  try {
    return lockOf('node_modules/.pnpm/lock.yaml') === lockOf('pnpm-lock.yaml');
  } catch {
    return false;
  }
}
