// A release, rehearsed: versions, changelogs and `changeset publish` in a copy of the workspace, to a registry of its
// own on the loopback; then a user's npm install from there, the READMEs' examples, and the example backend.
// The last line is "N passed, N failed".
import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { check, finish, INSTALL, report } from './checks.mjs';
import { root, runWithTools } from './node-runtime.mjs';
import { runnableExamples } from './readme-examples.mjs';

if (process.env.CF_PUBLISHING === undefined) {
  process.env.CF_PUBLISHING = '1';
  process.exit(runWithTools('pnpm build && node scripts/publish-rehearsal.mjs'));
}

const folder = mkdtempSync(join(tmpdir(), 'cf-publish-'));
const copy = join(folder, 'workspace');
const port = await freePort();
const registry = `http://127.0.0.1:${port}/`;
const server = await startRegistry();
try {
  const packages = await release();
  if (packages.length > 0) {
    for (const one of packages) await checkPublished(one);
    await useAsAUser(packages);
  }
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
finish();

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** A registry that knows nothing but what is published to it. */
async function startRegistry() {
  const config = join(folder, 'registry.yaml');
  writeFileSync(
    config,
    [
      `storage: ${join(folder, 'storage')}`,
      'auth: { htpasswd: { file: ./htpasswd } }',
      'uplinks: {}',
      "packages: { '@cf/*': { access: $all, publish: $all } }",
      'log: { type: stdout, level: error }',
      '',
    ].join('\n'),
  );
  const bin = join(root, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
  const started = spawn(process.execPath, [bin, '--config', config, '--listen', `127.0.0.1:${port}`], {
    stdio: 'inherit',
  });
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`${registry}-/ping`).catch(() => undefined);
    if (answer?.ok) return started;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  started.kill();
  throw new Error('the local registry did not start within 20 seconds');
}

/** Versions and publishes a copy of the workspace; returns what was to be published. */
async function release() {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  for (const file of files
    .toString()
    .split('\0')
    .filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  const paths = ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(group, name)),
  );
  for (const path of paths) {
    const dist = join(root, path, 'dist');
    if (existsSync(dist)) cpSync(dist, join(copy, path, 'dist'), { recursive: true });
  }
  const registryOfScope = `@cf:registry=${registry}\n//127.0.0.1:${port}/:_authToken=rehearsal\n`;
  const npmrc = join(copy, '.npmrc');
  writeFileSync(npmrc, `${existsSync(npmrc) ? readFileSync(npmrc, 'utf8') : ''}\n${registryOfScope}`);
  const inCopy = { cwd: copy };
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost', ...args], {
      ...inCopy,
      stdio: 'ignore',
    });
  git('init', '--initial-branch', 'main');
  git('add', '--all');
  git('commit', '--message', 'rehearsal');
  // A signed statement of origin can only be made by a public CI.
  const manifestsOf = () =>
    paths
      .map((path) => ({
        path: join(copy, path),
        manifest: JSON.parse(readFileSync(join(copy, path, 'package.json'), 'utf8')),
      }))
      .filter(({ manifest }) => manifest.private !== true);
  for (const { path, manifest } of manifestsOf()) {
    const { access, provenance } = manifest.publishConfig ?? {};
    report(
      `settings of ${manifest.name}: public, with provenance`,
      access === 'public' && provenance === true,
    );
    const { provenance: _, ...publishConfig } = manifest.publishConfig;
    writeFileSync(
      join(path, 'package.json'),
      `${JSON.stringify({ ...manifest, publishConfig }, undefined, 2)}\n`,
    );
  }
  const ok =
    (await check('pnpm install', 'pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], inCopy)) &&
    (await check('pnpm changeset version', 'pnpm', ['changeset', 'version'], inCopy)) &&
    (await check('pnpm changeset publish', 'pnpm', ['changeset', 'publish', '--no-git-tag'], inCopy));
  return ok ? manifestsOf() : [];
}

/** What the registry now has of a package. */
async function checkPublished({ path, manifest }) {
  const { name, version } = manifest;
  const answer = await fetch(`${registry}${name.replace('/', '%2f')}`);
  const about = answer.ok ? await answer.json() : {};
  const published = about.versions?.[version];
  if (!report(`${name} ${version} is in the registry`, published !== undefined)) return;
  report(`${name}: latest is ${version}`, about['dist-tags'].latest === version);
  report(`${name}: its README is shown`, (about.readme ?? '').includes(name));
  const ranges = {
    ...published.dependencies,
    ...published.peerDependencies,
    ...published.optionalDependencies,
  };
  const odd = Object.entries(ranges).filter(([, range]) => /workspace:|catalog:|link:|file:/.test(range));
  report(`${name}: ranges are those of a registry`, odd.length === 0, JSON.stringify(odd));
  const own = Object.entries(ranges).filter(([dependency]) => dependency.startsWith('@cf/'));
  report(
    `${name}: takes this release of the others`,
    own.every(([dependency, range]) => range === `^${versionOf(dependency)}`),
    JSON.stringify(own),
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

  function versionOf(dependency) {
    const other = join(
      path,
      '..',
      '..',
      dependency === '@cf/trainer' ? 'apps' : 'packages',
      dependency.slice('@cf/'.length),
    );
    return JSON.parse(readFileSync(join(other, 'package.json'), 'utf8')).version;
  }
}

/** Installs by version range in empty folders, and uses what is there. */
async function useAsAUser(packages) {
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const rangeOf = (name) =>
    `${name}@^${packages.find(({ manifest }) => manifest.name === name).manifest.version}`;
  const peerOf = (name, peer) =>
    `${peer}@${packages.find(({ manifest }) => manifest.name === name).manifest.peerDependencies[peer]}`;
  const install = async (folderName, specs) => {
    const cwd = join(folder, folderName);
    mkdirSync(cwd, { recursive: true });
    writeFileSync(join(cwd, '.npmrc'), `@cf:registry=${registry}\n`);
    if (!existsSync(join(cwd, 'package.json')))
      writeFileSync(join(cwd, 'package.json'), '{ "private": true, "type": "module" }\n');
    const args = ['install', ...INSTALL, ...specs];
    const installed = await check(`npm install ${specs.join(' ')} (${folderName})`, 'npm', args, {
      cwd,
      env,
    });
    return installed ? { cwd, env } : undefined;
  };

  const users = {
    core: [rangeOf('@cf/core')],
    training: [rangeOf('@cf/core'), rangeOf('@cf/training')],
    backbones: [rangeOf('@cf/backbones')],
    tfjs: [rangeOf('@cf/core'), rangeOf('@cf/tfjs'), peerOf('@cf/tfjs', '@tensorflow/tfjs')],
    gpujs: [rangeOf('@cf/core'), rangeOf('@cf/gpujs'), peerOf('@cf/gpujs', 'gpu.js')],
    onnx: [rangeOf('@cf/core'), rangeOf('@cf/onnx'), peerOf('@cf/onnx', 'onnxruntime-node')],
  };
  const useOne = async (name, specs) => {
    const place = await install(`user-${name}`, specs);
    if (place === undefined) return;
    const readme = join(place.cwd, 'node_modules', '@cf', name, 'README.md');
    const examples = runnableExamples(readFileSync(readme, 'utf8'));
    report(`@cf/${name}: its README has an example that runs as it stands`, examples.length > 0);
    for (const [at, { extension, source }] of examples.entries()) {
      const file = `readme-${at + 1}.${extension}`;
      writeFileSync(join(place.cwd, file), source);
      await check(`@cf/${name}: example ${at + 1} of the README`, process.execPath, [file], place);
    }
  };

  const all = Object.entries(users);
  // Two at a time.
  const half = Math.ceil(all.length / 2);
  await Promise.all(
    [all.slice(0, half), all.slice(half)].map(async (some) => {
      for (const [name, specs] of some) await useOne(name, specs);
    }),
  );

  const example = join(folder, 'third-party-backend');
  mkdirSync(example);
  const from = join(root, 'examples', 'third-party-backend');
  for (const file of readdirSync(from).filter((name) => name !== 'node_modules'))
    cpSync(join(from, file), join(example, file));
  const place = await install('third-party-backend', []);
  if (place === undefined) return;
  await check('a third-party backend against the published types', 'npm', ['run', 'typecheck'], place);
  await check('a third-party backend passes the laws', 'npm', ['test'], place);
}
