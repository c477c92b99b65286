// pnpm rename-scope @other: the packages under another scope of npm, everywhere: manifests, imports, docs, changesets,
// workflows, lock file. An installed workspace is linked and formatted anew, and its generated documents are printed.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../node-runtime.mjs';
import { scopeOf } from './published-packages.mjs';
import { isScope, renamed } from './renamed.mjs';

const { positionals } = parseArgs({ allowPositionals: true });
const [to] = positionals;
const from = scopeOf(root);
if (positionals.length !== 1 || !isScope(to) || to === from) {
  console.error(`one other scope than ${from} is expected, as in: pnpm rename-scope @other`);
  process.exit(2);
}

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  maxBuffer: 2 ** 26,
});
let changed = 0;
for (const name of new Set(listed.toString().split('\0'))) {
  const file = join(root, name);
  if (name === '' || !existsSync(file) || !lstatSync(file).isFile()) continue;
  const bytes = readFileSync(file);
  if (bytes.includes(0)) continue;
  const text = bytes.toString();
  const other = renamed(text, from, to);
  if (other === text) continue;
  writeFileSync(file, other);
  changed++;
}
console.log(`${from} is ${to} in ${changed} files`);

if (existsSync(join(root, 'node_modules'))) {
  const run = (...args) =>
    execFileSync('pnpm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  run('install', '--frozen-lockfile', '--prefer-offline');
  // The order of imports and the breaks of lines follow from the name.
  run('exec', 'biome', 'check', '--write', '.');
  run('--recursive', '--if-present', 'run', '/^print-/');
}
