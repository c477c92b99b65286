// The life of the packages after their first release, stage by stage, as .github/workflows/release.yml leads it.
import { join } from 'node:path';
import { report, run } from '../checks.mjs';
import { rangesOf } from './published.mjs';
import { strangersInstall } from './strangers.mjs';

/** A scope that nobody has. */
export const OTHER_SCOPE = '@rehearsed';

/**
 * @param workspace of `copyWorkspace`, released once
 * @param registry of `openRegistry`
 * @param managers of `packageManagers`
 * @param {string} folder to work in
 * @param {string} scope
 */
export async function playLife({ workspace, registry, managers, folder, scope }) {
  const versions = () =>
    Object.fromEntries(workspace.packages().map(({ short, manifest }) => [short, manifest.version]));
  const aboutAll = async () =>
    Object.fromEntries(
      await Promise.all(
        Object.keys(versions()).map(async (short) => [short, await registry.about(`${scope}/${short}`)]),
      ),
    );
  const tagOf = async (short, tag) => (await registry.about(`${scope}/${short}`))?.['dist-tags'][tag];
  const tagsOf = (some) => some.map(({ short, manifest }) => `${scope}/${short}@${manifest.version}`).sort();
  /** Who takes a package, directly or through others. */
  const above = (short) => {
    const takes = workspace
      .packages()
      .filter(({ manifest }) => manifest.dependencies?.[`${scope}/${short}`] !== undefined)
      .map((one) => one.short);
    return [...new Set([...takes, ...takes.flatMap(above)])].sort();
  };
  const install = (stage, wanted, some = managers) =>
    strangersInstall(stage, join(folder, 'strangers', stage), some, scope, wanted);

  /** Versions by the changesets; returns the packages whose version changed. */
  const version = async (stage) => {
    const before = versions();
    await workspace.pnpm(`${stage}: pnpm changeset version`, 'changeset', 'version');
    workspace.commit(`versions of ${stage}`);
    return workspace.packages().filter(({ short, manifest }) => manifest.version !== before[short]);
  };
  const bumped = (stage, changed, expected) => {
    const found = Object.fromEntries(changed.map(({ short, manifest }) => [short, manifest.version]));
    const wanted = Object.fromEntries(Object.entries(expected).sort());
    const same = JSON.stringify(Object.fromEntries(Object.entries(found).sort())) === JSON.stringify(wanted);
    report(`${stage}: versions ${JSON.stringify(wanted)} and no other`, same, JSON.stringify(found));
  };
  /** Publishes, and compares what the workflow is told to tag and release. */
  const publish = async (stage, expected, ...args) => {
    const { status, said, tagged } = await workspace.publish(...args);
    report(`${stage}: pnpm changeset publish`, status === 0, said);
    const wanted = tagsOf(expected);
    report(`${stage}: ${wanted.length} tags and releases`, `${tagged}` === `${wanted}`, `${tagged}`);
  };
  /** Whatever state a release was left in, what `latest` asks for is there. */
  const consistent = async (stage) => {
    const all = await aboutAll();
    const dangling = Object.values(all).flatMap((about) =>
      Object.entries(rangesOf(about.versions[about['dist-tags'].latest]))
        .filter(([name]) => name.startsWith(`${scope}/`))
        .filter(([name, range]) => all[name.split('/')[1]].versions[range.slice(1)] === undefined)
        .map(([name, range]) => `${about.name} asks for ${name} ${range}`),
    );
    report(`${stage}: every latest can be installed`, dangling.length === 0, dangling.join('\n'));
  };

  await patch();
  await breakWithFailure();
  await preRelease();
  await snapshot();
  await rename();

  async function patch() {
    const stage = 'patch';
    workspace.change({ core: 'patch' }, 'A bug less.');
    const changed = await version(stage);
    // Those above keep their version: their ^0.1.0 takes it.
    bumped(stage, changed, { core: '0.1.1' });
    await publish(stage, changed);
    await consistent(stage);
    await install(stage, {
      core: { spec: '^0.1.0', version: '0.1.1' },
      training: { spec: '^0.1.0', version: '0.1.0' },
    });
  }

  /** A break in the lowest package; the registry refuses one in the middle, then takes it. */
  async function breakWithFailure() {
    const stage = 'break';
    const before = versions();
    workspace.change({ core: 'minor' }, 'A signature is another.');
    const changed = await version(stage);
    const patched = Object.fromEntries(above('core').map((short) => [short, '0.1.1']));
    bumped(stage, changed, { core: '0.2.0', ...patched });

    const packed = join(folder, 'packed');
    const plan = join(folder, 'plan.json');
    await workspace.pnpm(
      `${stage}: pnpm changeset publish-plan`,
      'changeset',
      'publish-plan',
      '--output',
      plan,
    );
    await workspace.pnpm(
      `${stage}: pnpm changeset pack`,
      ...['changeset', 'pack', '--from-publish-plan', plan, '--out-dir', packed],
    );
    await registry.refuse([`${scope}/training`]);
    const failed = await workspace.publish('--from-pack-dir', packed);
    report(
      `${stage}, refused: the release fails and names the package`,
      failed.status === 1 && failed.said.includes('training'),
      failed.said,
    );
    const waiting = ['training', ...above('training')];
    const done = changed.filter(({ short }) => !waiting.includes(short));
    report(
      `${stage}, refused: what was published is tagged`,
      `${failed.tagged}` === `${tagsOf(done)}`,
      `${failed.tagged}`,
    );
    for (const short of waiting)
      report(`${stage}, refused: latest of ${short} stays`, (await tagOf(short, 'latest')) === before[short]);
    await consistent(`${stage}, refused`);

    await registry.refuse([]);
    await publish(
      `${stage}, repeated`,
      changed.filter(({ short }) => waiting.includes(short)),
    );
    for (const { short, manifest } of changed)
      report(
        `${stage}, repeated: latest of ${short} is ${manifest.version}`,
        (await tagOf(short, 'latest')) === manifest.version,
      );
    await consistent(`${stage}, repeated`);
    const again = await workspace.publish();
    report(
      `${stage}, once more: nothing is left to do`,
      again.status === 0 && again.tagged.length === 0,
      again.said,
    );
    await install(stage, { core: { spec: '', version: '0.2.0' }, training: { spec: '', version: '0.1.1' } });
  }

  /** The channel `next`, and the release that comes out of it. */
  async function preRelease() {
    const stage = 'next';
    const before = versions();
    await workspace.pnpm(`${stage}: pnpm changeset pre enter next`, 'changeset', 'pre', 'enter', 'next');
    workspace.change({ training: 'minor' }, 'A new schedule.');
    const changed = await version(stage);
    const patched = Object.fromEntries(above('training').map((short) => [short, '0.1.2-next.0']));
    bumped(stage, changed, { training: '0.2.0-next.0', ...patched });
    await publish(stage, changed);
    for (const { short, manifest } of changed) {
      report(`${stage}: next of ${short}`, (await tagOf(short, 'next')) === manifest.version);
      report(`${stage}: latest of ${short} stays`, (await tagOf(short, 'latest')) === before[short]);
    }
    await install(stage, {
      core: { spec: '', version: '0.2.0' },
      training: { spec: 'next', version: '0.2.0-next.0' },
    });

    await workspace.pnpm(`${stage}: pnpm changeset pre exit`, 'changeset', 'pre', 'exit');
    const released = await version(`${stage}, left`);
    bumped(`${stage}, left`, released, {
      training: '0.2.0',
      ...Object.fromEntries(above('training').map((short) => [short, '0.1.2'])),
    });
    await publish(`${stage}, left`, released);
    for (const { short, manifest } of released)
      report(
        `${stage}, left: latest of ${short} is ${manifest.version}`,
        (await tagOf(short, 'latest')) === manifest.version,
      );
    await consistent(`${stage}, left`);
  }

  async function snapshot() {
    const stage = 'snapshot';
    const before = versions();
    workspace.change({ conformance: 'patch' }, 'A law more.');
    const packed = join(folder, 'snapshot');
    await workspace.pnpm(
      `${stage}: pnpm snapshot`,
      ...['snapshot', 'my-branch', '--built', '--out-dir', packed],
    );
    const { version: found } = workspace.packages().find(({ short }) => short === 'conformance').manifest;
    report(`${stage}: named after it`, /^0\.0\.0-my-branch-\d{14}$/.test(found), found);
    const { status, said } = await workspace.publish('--from-pack-dir', packed, '--no-git-tag');
    report(`${stage}: pnpm changeset publish`, status === 0, said);
    // Versions of a snapshot are of no commit.
    workspace.git('checkout', '--', '.');
    workspace.git('clean', '--force', '--quiet');
    // Those above are of it only where a changeset names them: the patch is within their range.
    for (const short of ['conformance', ...above('conformance')]) {
      const tags = (await registry.about(`${scope}/${short}`))['dist-tags'];
      const tagged = short === 'conformance' ? found : undefined;
      report(`${stage}: my-branch of ${short} is ${tagged}`, tags['my-branch'] === tagged, tags['my-branch']);
      report(
        `${stage}: latest and next of ${short} stay`,
        tags.latest === before[short] && tags.next !== found,
      );
    }
    await install(stage, {
      core: { spec: '', version: '0.2.0' },
      conformance: { spec: 'my-branch', version: found },
    });
  }

  /** The whole under another scope. */
  async function rename() {
    const stage = `as ${OTHER_SCOPE}`;
    await workspace.pnpm(`${stage}: pnpm rename-scope ${OTHER_SCOPE}`, 'rename-scope', OTHER_SCOPE);
    const here = { cwd: workspace.path, env: workspace.env };
    const old = `${scope}(?![\\w~-])`;
    const left = await run(
      'git',
      ['grep', '--line-number', '-I', '--perl-regexp', `(?<![\\w.@-])${old}`],
      here,
    );
    report(`${stage}: nothing is named ${scope}`, left.status === 1, left.stdout);
    await workspace.pnpm(`${stage}: lint`, 'lint');
    await workspace.pnpm(`${stage}: manifests`, 'manifests', '--check');
    await workspace.pnpm(`${stage}: types`, '--filter', `${OTHER_SCOPE}/training...`, 'typecheck');
    workspace.commit('another scope');
    // The changeset of the snapshot is one of the renamed packages now.
    await workspace.pnpm(`${stage}: pnpm changeset version`, 'changeset', 'version');
    const conformance = workspace.packages().find(({ short }) => short === 'conformance');
    report(
      `${stage}: its changesets are of the renamed packages`,
      conformance.manifest.name === `${OTHER_SCOPE}/conformance` && conformance.manifest.version === '0.1.2',
      JSON.stringify(conformance.manifest.version),
    );
    const packages = `${OTHER_SCOPE}/training...`;
    await workspace.pnpm(
      `${stage}: build`,
      'exec',
      'turbo',
      'run',
      'build',
      `--filter=${packages.slice(0, -3)}`,
    );
    await workspace.pnpm(`${stage}: publish`, '--filter', packages, 'publish', '--no-git-checks');
    await strangersInstall(stage, join(folder, 'strangers', 'renamed'), { npm: managers.npm }, OTHER_SCOPE, {
      core: { spec: '', version: '0.2.0' },
      training: { spec: '', version: '0.2.0' },
    });
  }
}
