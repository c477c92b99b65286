// pnpm manifests: writes what release.json says into the manifest of every published package.
// --names lists those packages instead. --check only tells which differ; --repository OWNER/NAME, with it, whether release.json names that repository.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../node-runtime.mjs';
import { withReleaseFields } from './manifest-fields.mjs';
import { publishedPackages } from './published-packages.mjs';

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    names: { type: 'boolean', default: false },
    repository: { type: 'string' },
  },
});
const settings = JSON.parse(readFileSync(join(root, 'release.json'), 'utf8'));
const problems = [];

for (const { directory, path, manifest } of publishedPackages(root)) {
  if (values.names) {
    console.log(manifest.name);
    continue;
  }
  const file = join(path, 'package.json');
  const text = `${JSON.stringify(withReleaseFields(manifest, settings, directory), undefined, 2)}\n`;
  if (text === readFileSync(file, 'utf8')) continue;
  if (values.check)
    problems.push(`${directory}/package.json is not what release.json says: run pnpm manifests`);
  else writeFileSync(file, text);
}
const named = `${settings.owner}/${settings.repository}`;
if (values.repository !== undefined && values.repository !== named)
  problems.push(
    `release.json names the repository ${named}, this is ${values.repository}: set its owner and repository, then run pnpm manifests`,
  );
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
