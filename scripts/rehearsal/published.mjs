// What a registry has of a package after its first release.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { report } from '../checks.mjs';

/**
 * @param one of `packages` of `copyWorkspace`
 * @param {Record<string, string>} versions of all packages, by name
 */
export async function checkPublished({ manifest }, versions, folder, registry) {
  const { name, version } = manifest;
  const about = await registry.about(name);
  const published = about?.versions[version];
  if (!report(`${name} ${version} is in the registry`, published !== undefined)) return;
  report(`${name}: latest is ${version}`, about['dist-tags'].latest === version);
  report(`${name}: its README is shown`, (about.readme ?? '').includes(name));
  const ranges = rangesOf(published);
  const odd = Object.entries(ranges).filter(([, range]) => /workspace:|catalog:|link:|file:/.test(range));
  report(`${name}: ranges are those of a registry`, odd.length === 0, JSON.stringify(odd));
  const own = Object.entries(ranges).filter(([dependency]) => versions[dependency] !== undefined);
  report(
    `${name}: takes this release of the others`,
    own.every(([dependency, range]) => range === `^${versions[dependency]}`),
    JSON.stringify(own),
  );
  const shown = ['homepage', 'bugs', 'repository', 'keywords', 'author', 'funding'];
  const missing = shown.filter((field) => published[field] === undefined);
  report(`${name}: npm can show where it comes from`, missing.length === 0, missing.join(', '));
  report(
    `${name}: nothing runs when it is installed or packed`,
    !Object.keys(published.scripts ?? {}).some((script) =>
      /^(pre|post)?(install|pack|prepare)$/.test(script),
    ),
    JSON.stringify(published.scripts),
  );

  const unpacked = join(folder, 'unpacked', name);
  mkdirSync(unpacked, { recursive: true });
  const tarball = join(unpacked, 'package.tgz');
  writeFileSync(tarball, Buffer.from(await (await fetch(published.dist.tarball)).arrayBuffer()));
  execFileSync('tar', ['-xzf', tarball, '-C', unpacked]);
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/index.js', 'dist/index.d.ts']) {
    report(`${name}: contains ${file}`, existsSync(join(unpacked, 'package', file)));
  }
  const changelog = join(unpacked, 'package', 'CHANGELOG.md');
  report(
    `${name}: the changelog tells of ${version}`,
    existsSync(changelog) && readFileSync(changelog, 'utf8').includes(`## ${version}`),
  );
}

/** Everything that is installed with a published version, or asked for. */
export function rangesOf({ dependencies, peerDependencies, optionalDependencies }) {
  return { ...dependencies, ...peerDependencies, ...optionalDependencies };
}
