// pnpm advisories: what npm knows against the packages of the lock file; fails from "high" on, --level sets another.
// pnpm 10 has a command of its own, `pnpm audit`, which asks at an address that npm has retired.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { root } from '../node-runtime.mjs';
import { advisoriesOf, lockedVersions, SEVERITIES } from './advisories-of.mjs';

const { values } = parseArgs({ options: { level: { type: 'string', default: 'high' } } });
const level = SEVERITIES.indexOf(values.level);
if (level < 0) throw new Error(`--level is one of ${SEVERITIES.join(', ')}`);

const versions = lockedVersions(parse(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')));
const registry = execFileSync('npm', ['config', 'get', 'registry'], {
  cwd: root,
  shell: process.platform === 'win32',
});
const answer = await fetch(new URL('-/npm/v1/security/advisories/bulk', registry.toString().trim()), {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(versions),
});
if (!answer.ok) throw new Error(`the registry answers ${answer.status} when it is asked for advisories`);
const advisories = advisoriesOf(versions, await answer.json());
for (const { name, versions, severity, title, url } of advisories)
  console.log(`${severity}: ${name} ${versions.join(', ')}: ${title} (${url})`);
const bad = advisories.filter(({ severity }) => SEVERITIES.indexOf(severity) >= level).length;
console.log(
  `${Object.keys(versions).length} packages, ${advisories.length} advisories, ${bad} of them ${values.level} or worse`,
);
process.exitCode = bad === 0 ? 0 : 1;
