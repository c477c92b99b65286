// Packs every publishable package, installs the tarballs in an empty folder, checks and uses them there.
// The last line is "N passed, N failed".
import { execFileSync } from 'node:child_process';
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
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { check, finish, INSTALL, report, run } from './checks.mjs';
import { root, runWithTools } from './node-runtime.mjs';
import { publishedPackages } from './release/published-packages.mjs';

if (process.env.CF_PACKING === undefined) {
  process.env.CF_PACKING = '1';
  process.exit(runWithTools('pnpm build && node scripts/pack.mjs'));
}

// Not before: this module reads TypeScript, which an older Node does not.
const { browserChecks, sizeChecks } = await import('./browser-check.mjs');
const { oldestPeersChecks } = await import('./oldest-peers.mjs');

const folder = mkdtempSync(join(tmpdir(), 'cf-pack-'));
const tarballs = join(folder, 'tarballs');
const user = join(folder, 'user');
mkdirSync(tarballs);
mkdirSync(user);

const packages = publishedPackages(root);

const fileOf = ({ name, version }) =>
  join(tarballs, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
for (const { path } of packages)
  execFileSync('pnpm', ['pack', '--pack-destination', tarballs], { cwd: path, stdio: 'ignore' });
const ours = Object.fromEntries(packages.map(({ manifest }) => [manifest.name, `file:${fileOf(manifest)}`]));

// Side by side: each waits for the network, and for one process, most of the time.
await Promise.all([
  tarballChecks(),
  newestPeersChecks(),
  tfjsCoreChecks(join(folder, 'tfjs-core')),
  oldestPeersChecks(join(folder, 'oldest'), { packages, ours }),
]);
rmSync(folder, { recursive: true, force: true });
finish();

async function tarballChecks() {
  for (const packer of ['pack', 'publish']) {
    const { status, stderr } = await run('npm', [packer, '--dry-run'], {
      cwd: join(root, 'packages', 'onnx'),
    });
    const refused = status !== 0 && stderr.includes('pnpm build && pnpm pack');
    report(`npm ${packer} in a package refuses and says what to do`, refused, stderr);
  }
  for (const { manifest } of packages) {
    const file = fileOf(manifest);
    const packed = execFileSync('tar', ['-xOf', file, 'package/package.json']).toString();
    report(
      `${manifest.name} is packed without a word of the workspace`,
      !/workspace:|catalog:|prepack/.test(packed),
      packed,
    );
    await check(`publint ${manifest.name}`, 'pnpm', ['exec', 'publint', 'run', file, '--strict']);
    await check(`attw ${manifest.name}`, 'pnpm', ['exec', 'attw', file, '--profile', 'esm-only']);
  }
}

/** The range of a framework that the workspace takes. */
function newest(name) {
  const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  return new RegExp(`^  "?${name}"?: (.+)$`, 'm').exec(catalog)[1];
}

/** @cf/tfjs where of TensorFlow.js only the core and one backend are; with all of it, it is in {@link newestPeersChecks}. */
async function tfjsCoreChecks(user) {
  const names = ['core', 'backbones', 'training', 'conformance', 'tfjs'].map((name) => `@cf/${name}`);
  const frameworks = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'];
  const dependencies = Object.fromEntries([
    ...names.map((name) => [name, ours[name]]),
    ...frameworks.map((name) => [name, newest(name)]),
  ]);
  mkdirSync(user);
  writeFileSync(
    join(user, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module', dependencies }, undefined, 2),
  );
  cpSync(join(root, 'scripts', 'smoke', 'tfjs-core'), user, { recursive: true });
  const install = ['install', '--prefer-offline', ...INSTALL];
  if (!(await check('npm install of @cf/tfjs and tfjs-core', 'npm', install, { cwd: user }))) return;
  await check('packed: @cf/tfjs on tfjs-core alone', process.execPath, ['use.mjs'], { cwd: user });
}

/** The packages with the newest version of each framework. */
async function newestPeersChecks() {
  const dependencies = { ...ours };
  const frameworks = [
    '@tensorflow/tfjs',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-backend-webgpu',
    '@vladmandic/human',
    'gpu.js',
    'onnxruntime-node',
    'onnxruntime-web',
    'typescript',
  ];
  for (const name of frameworks) dependencies[name] = newest(name);
  writeFileSync(
    join(user, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module', dependencies }, undefined, 2),
  );
  cpSync(join(root, 'scripts', 'smoke'), user, { recursive: true });

  const npmEnvironment = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const inUser = { cwd: user, env: npmEnvironment };
  if (
    !(await check('npm install of the tarballs', 'npm', ['install', '--prefer-offline', ...INSTALL], inUser))
  )
    return;
  for (const file of readdirSync(user).filter((name) => name.endsWith('.smoke.mjs'))) {
    await check(`packed: ${file}`, process.execPath, [file], inUser);
  }
  const bin = (name) => join(user, 'node_modules', '.bin', name);
  await check('packed: types of every package', bin('tsc'), ['-p', 'tsconfig.json'], inUser);
  const cf = bin('cf');
  await check('packed: cf --help', cf, ['--help'], inUser);
  await checkOldNode(join(user, 'node_modules', '@cf', 'trainer', 'dist', 'cli.js'));
  await check('packed: cf conformance', cf, ['conformance'], inUser);
  await check(
    'packed: cf train',
    cf,
    [
      'train',
      '--identities',
      '30',
      '--images-per-identity',
      '6',
      '--epochs',
      '2',
      '--out',
      join(folder, 'run'),
    ],
    inUser,
  );
  // Optional packages are found where a user has installed them.
  for (const head of ['tfjs-wasm', 'gpujs-cpu']) {
    const drawn = ['--identities', '20', '--images-per-identity', '6', '--epochs', '1'];
    const args = ['train', '--train', 'embedding', ...drawn, '--head', head, '--out', join(folder, head)];
    await check(`packed: cf train --head ${head}`, cf, args, inUser);
  }
  await sizeChecks(user);
  await browserChecks(user, ['core', 'tfjs', 'tfjs-webgpu', 'gpujs', 'onnx', 'data', 'eval']);
}

/** The program on a Node that can't run it, where there is one: it says which can, in place of a stack trace. */
async function checkOldNode(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const node of folders.map((folder) => join(folder, 'node')).filter((path) => existsSync(path))) {
    const version = (await run(node, ['--version'])).stdout.trim();
    if (!(Number(/^v(\d+)/.exec(version)?.[1]) < 22)) continue;
    const { status, stderr } = await run(node, [program, '--help']);
    const isTold = status === 2 && stderr.startsWith('cf needs Node 22 or later, and this is Node ');
    report(`packed: cf on Node ${version} says which it needs`, isTold, stderr);
    return;
  }
  console.log('skip  packed: cf on an old Node, of which there is none');
}
