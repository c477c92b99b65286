import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { check, run } from '../checks.mjs';
import { root } from '../node-runtime.mjs';
import { publishedPackages, scopeOf } from '../release/published-packages.mjs';

/**
 * A copy of the workspace, with what was built, in a git repository of its own, whose releases go to a registry of its own.
 *
 * @param {string} folder to make it in
 * @param registry of `openRegistry`
 * @param {string[]} scopes that are published to it
 */
export async function copyWorkspace(folder, registry, scopes) {
  const path = join(folder, 'workspace');
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  for (const file of new Set(files.toString().split('\0'))) {
    if (file === '' || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(path, file)), { recursive: true });
    cpSync(join(root, file), join(path, file));
  }
  for (const { directory } of publishedPackages(root)) {
    const dist = join(root, directory, 'dist');
    if (existsSync(dist)) cpSync(dist, join(path, directory, 'dist'), { recursive: true });
  }

  // The user's settings rather than the workspace's: a tarball is published from the folder of its package.
  const usual = process.env.npm_config_userconfig ?? join(homedir(), '.npmrc');
  const userConfig = join(folder, 'user.npmrc');
  writeFileSync(
    userConfig,
    `${existsSync(usual) ? readFileSync(usual, 'utf8') : ''}\n${registry.settings(...scopes)}${registry.login}`,
  );
  const env = { ...process.env, npm_config_userconfig: userConfig };
  for (const who of ['AUTHOR', 'COMMITTER'])
    Object.assign(env, { [`GIT_${who}_NAME`]: 'rehearsal', [`GIT_${who}_EMAIL`]: 'rehearsal@localhost' });
  delete env.NPM_CONFIG_USERCONFIG;
  const here = { cwd: path, env };
  const git = (...args) => execFileSync('git', args, { ...here, stdio: ['ignore', 'pipe', 'ignore'] });
  git('init', '--initial-branch', 'main');
  const commit = (message) => {
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message', message);
  };
  commit('rehearsal');

  let outputs = 0;
  return {
    path,
    env,
    git,
    commit,
    /** Runs pnpm in it, as one check. */
    pnpm: (name, ...args) => check(name, 'pnpm', args, here),
    /** Packages that it publishes: name without scope, manifest as it is now. */
    packages: () =>
      publishedPackages(path).map((one) => ({ ...one, short: one.manifest.name.split('/')[1] })),
    /** A commit with a changeset: bumps by name without scope. */
    change(bumps, sentence) {
      const scope = scopeOf(path);
      const lines = Object.entries(bumps).map(([short, bump]) => `"${scope}/${short}": ${bump}`);
      const file = join(path, '.changeset', `rehearsed-${outputs}-${Object.keys(bumps).join('-')}.md`);
      writeFileSync(file, ['---', ...lines, '---', '', sentence, ''].join('\n'));
      commit(sentence);
    },
    /**
     * `changeset publish` with what it tells the workflow's action to tag.
     *
     * @returns {Promise<{ status: number, said: string, tagged: string[] }>}
     */
    async publish(...args) {
      const output = join(folder, `output-${outputs++}.ndjson`);
      const { status, stdout, stderr } = await run('pnpm', ['changeset', 'publish', ...args], {
        cwd: path,
        env: { ...env, CHANGESETS_OUTPUT: output },
      });
      const events = existsSync(output) ? readFileSync(output, 'utf8').split('\n').filter(Boolean) : [];
      const tagged = events.map((line) => JSON.parse(line)).filter(({ type }) => type === 'git-tag');
      return { status, said: `${stdout}\n${stderr}`, tagged: tagged.map(({ tag }) => tag).sort() };
    },
  };
}
