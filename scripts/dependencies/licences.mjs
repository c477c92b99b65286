// pnpm licences: whether everything that the packages depend on is under a licence that lets them be MIT.
import { execFileSync } from 'node:child_process';
import { root } from '../node-runtime.mjs';
import { isAllowed } from './allowed-licences.mjs';

const listed = execFileSync('pnpm', ['licenses', 'list', '--json', '--prod'], {
  cwd: root,
  maxBuffer: 2 ** 26,
  shell: process.platform === 'win32',
});
const packages = Object.entries(JSON.parse(listed.toString())).flatMap(([licence, some]) =>
  some.map(({ name, versions }) => ({ licence, name, versions })),
);
const refused = packages.filter(({ licence, name }) => !isAllowed(licence, name));
for (const { licence, name, versions } of refused) console.log(`${name} ${versions.join(', ')}: ${licence}`);
console.log(
  `${packages.length} packages, ${refused.length} under a licence that scripts/dependencies/allowed-licences.mjs does not have`,
);
// No package at all would say that the list was not read.
process.exitCode = refused.length === 0 && packages.length > 0 ? 0 : 1;
