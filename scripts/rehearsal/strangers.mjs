// Somebody in an empty folder, who has never seen the workspace.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { report } from '../checks.mjs';

/** Imports packages by name, and tells their versions and how many different @…/core there are among them. */
const MODULE = `
import { createRequire } from 'node:module';
const names = process.argv.slice(2);
const require = createRequire(import.meta.url);
const core = names[0];
const versions = {};
const cores = new Set();
for (const name of names) {
  if (Object.keys(await import(name)).length === 0) throw new Error(name + ' exports nothing');
  versions[name.split('/')[1]] = require(name + '/package.json').version;
  cores.add(createRequire(require.resolve(name)).resolve(core + '/package.json'));
}
console.log(JSON.stringify({ versions, cores: cores.size }));
`;

/**
 * Installs packages in an empty folder with each package manager, and compares what is there.
 *
 * @param {string} folder to work in; made here
 * @param managers of `packageManagers`, those to try
 * @param {string} scope
 * @param {Record<string, { spec: string, version: string }>} wanted by name without scope, core first: what is asked for (a
 *   range or a tag, '' for none), and the version that it has to be
 */
export async function strangersInstall(stage, folder, managers, scope, wanted) {
  const names = Object.keys(wanted).map((short) => `${scope}/${short}`);
  const specs = Object.entries(wanted).map(
    ([short, { spec }]) => `${scope}/${short}${spec === '' ? '' : `@${spec}`}`,
  );
  const versions = Object.fromEntries(Object.entries(wanted).map(([short, { version }]) => [short, version]));
  for (const [manager, { add, module }] of Object.entries(managers)) {
    const cwd = join(folder, manager.replace(' ', '-'));
    mkdirSync(cwd, { recursive: true });
    writeFileSync(join(cwd, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n');
    writeFileSync(join(cwd, 'use.mjs'), MODULE);
    const title = `${stage}: a stranger installs ${specs.join(' ')} by ${manager}`;
    const added = await add(cwd, scope, specs);
    if (!report(title, added.status === 0, `${added.stdout}\n${added.stderr}`)) continue;
    const { stdout, stderr } = await module(cwd, ['use.mjs', ...names]);
    const found = stdout.trim().split('\n').at(-1);
    const expected = JSON.stringify({ versions, cores: 1 });
    report(`${title}: ${JSON.stringify(versions)}, one core`, found === expected, `${stdout}\n${stderr}`);
  }
}
