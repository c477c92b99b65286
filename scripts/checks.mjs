// Commands that are counted as checks; the closing line is "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { root } from './node-runtime.mjs';

let passed = 0;
let failed = 0;

/** Counts one check; on failure prints what there is to say. */
export function report(name, ok, details = '') {
  if (ok) passed++;
  else failed++;
  console.log(ok ? `ok    ${name}` : `FAIL  ${name}\n${details}`);
  return ok;
}

/** Runs a command as one check. */
export function check(name, command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: root, ...options });
  return report(name, status === 0, `${stdout}\n${stderr}`);
}

/** Prints the closing line and sets the exit code. */
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
