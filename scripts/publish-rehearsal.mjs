// Releases, rehearsed in a copy of the workspace against a registry of its own on the loopback: the first, with npx in an
// empty folder, a user's npm install from there, the READMEs' examples and the example backend; then the packages' further
// life, with strangers who install every stage by npm, pnpm, yarn and bun. The last line is "N passed, N failed".
// --life leaves out what users do with the first release, --users what comes after it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { check, finish, report } from './checks.mjs';
import { root, runWithTools } from './node-runtime.mjs';
import { scopeOf } from './release/published-packages.mjs';

const { values } = parseArgs({
  options: { life: { type: 'boolean', default: false }, users: { type: 'boolean', default: false } },
});
if (process.env.CF_PUBLISHING === undefined) {
  process.env.CF_PUBLISHING = '1';
  const args = process.argv.slice(2).join(' ');
  process.exit(runWithTools(`pnpm build && node scripts/publish-rehearsal.mjs ${args}`));
}

// Not before: an older Node only starts a newer one.
const { openRegistry } = await import('./rehearsal/registry.mjs');
const { copyWorkspace } = await import('./rehearsal/workspace-copy.mjs');
const { packageManagers } = await import('./rehearsal/package-managers.mjs');
const { checkPublished } = await import('./rehearsal/published.mjs');
const { useFromEmptyFolder } = await import('./rehearsal/empty-folder.mjs');
const { useAsAUser } = await import('./rehearsal/readme-users.mjs');
const { OTHER_SCOPE, playLife } = await import('./rehearsal/life.mjs');
const { strangersInstall } = await import('./rehearsal/strangers.mjs');

const folder = mkdtempSync(join(tmpdir(), 'cf-publish-'));
const scope = scopeOf(root);
const registry = await openRegistry(folder);
try {
  // Downloads, while the first release is made.
  const [managers, workspace] = await Promise.all([
    packageManagers(join(folder, 'tools'), registry),
    firstRelease(),
  ]);
  if (workspace !== undefined) {
    const packages = workspace.packages();
    const versions = Object.fromEntries(packages.map(({ manifest }) => [manifest.name, manifest.version]));
    for (const one of packages) await checkPublished(one, versions, folder, registry);
    if (!values.life) {
      await useFromEmptyFolder(join(folder, 'npx'), registry, scope);
      await useAsAUser(packages, folder, registry);
    }
    if (!values.users) {
      const strangers = join(folder, 'strangers');
      const wanted = { core: { spec: '', version: '0.1.0' }, training: { spec: '', version: '0.1.0' } };
      await strangersInstall('first', join(strangers, 'first'), managers, scope, wanted);
      const everything = { core: wanted.core, trainer: { spec: '', version: '0.1.0' } };
      await strangersInstall('first', join(strangers, 'all'), { pnpm: managers.pnpm }, scope, everything);
      await playLife({ workspace, registry, managers: withoutOldest(managers), folder, scope });
    }
  }
} finally {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
}
finish();

/** Versions and publishes a copy of the workspace, as it is done before npm knows the packages. */
async function firstRelease() {
  const workspace = await copyWorkspace(folder, registry, [scope, OTHER_SCOPE]);
  // The first command that somebody gives on a fresh clone: it installs by itself.
  const first = ['scripts/cf.mjs', 'doctor', '--help'];
  await check('cf on a fresh clone', process.execPath, first, { cwd: workspace.path });
  const ok =
    (await workspace.pnpm('pnpm install', 'install', '--frozen-lockfile', '--prefer-offline')) &&
    (await workspace.pnpm('pnpm changeset version', 'changeset', 'version'));
  if (!ok) return undefined;
  workspace.commit('first release');
  const { status, said, tagged } = await workspace.publish();
  const count = workspace.packages().length;
  report(`${count} tags and releases`, tagged.length === count, `${tagged}`);
  return report('pnpm changeset publish', status === 0, said) ? workspace : undefined;
}

/** yarn 1 is tried once: it has not changed for years. */
function withoutOldest({ 'yarn 1': _, ...others }) {
  return others;
}
