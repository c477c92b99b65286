// pnpm snapshot NAME --out-dir DIR: versions of what the changesets here would release, named after the snapshot, packed
// into DIR with a plan that publishes them under the tag NAME: changeset publish --from-pack-dir DIR --no-git-tag.
// --built takes dist as it is. The working tree has those versions afterwards; they are not to be committed.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../node-runtime.mjs';
import { snapshotNameProblem, tagPlan } from './snapshot-plan.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'out-dir': { type: 'string' }, built: { type: 'boolean', default: false } },
});
const [name] = positionals;
const problem =
  positionals.length !== 1 || values['out-dir'] === undefined
    ? 'a name and a folder are expected, as in: pnpm snapshot my-branch --out-dir snapshot'
    : snapshotNameProblem(name);
if (problem !== undefined) {
  console.error(problem);
  process.exit(2);
}

const folder = resolve(values['out-dir']);
const run = (...args) =>
  execFileSync('pnpm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
try {
  run('changeset', 'version', '--snapshot', name);
  if (!values.built) run('build');
  run('changeset', 'pack', '--out-dir', folder);
} catch {
  // What went wrong has been said.
  process.exit(1);
}
// Packed plans can't be given a tag: unchanged, this one would move `latest`.
tagPlan(folder, name);
console.log(`packed into ${folder}, to be published under the tag ${name}`);
