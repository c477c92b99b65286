// Commands that are counted as checks; the closing line is "N passed, N failed".
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { root } from './node-runtime.mjs';

/** How npm installs here: no script of a package runs, since nothing that we depend on needs one. */
export const INSTALL = ['--ignore-scripts', '--no-audit', '--no-fund'];

let passed = 0;
let failed = 0;

/** Counts one check; on failure prints what there is to say. */
export function report(name, ok, details = '') {
  if (ok) passed++;
  else failed++;
  console.log(ok ? `ok    ${name}` : `FAIL  ${name}\n${details}`);
  return ok;
}

/** Runs a command to its end. */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const ended = new Promise((done) => {
    child.on('close', done).on('error', done);
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await ended, stdout, stderr };
}

/** Runs a command as one check. */
export async function check(name, command, args, options = {}) {
  const { status, stdout, stderr } = await run(command, args, options);
  return report(name, status === 0, status instanceof Error ? String(status) : `${stdout}\n${stderr}`);
}

/** Prints the closing line and sets the exit code. */
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
