// The packed packages with the oldest version of each framework that their peer ranges allow, where pack.mjs tries them
// with the newest; and the tests of the adapters with those versions.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { browserChecks } from './browser-check.mjs';
import { check, INSTALL, report, run } from './checks.mjs';
import { root } from './node-runtime.mjs';

/** Tests that load no framework from the folder, or the WebGPU backend of tfjs, which is younger than tfjs 4.0. */
const ELSEWHERE = [
  '**/browser.test.ts',
  '**/webgpu-in-node.test.ts',
  '**/onnxruntime-web.test.ts',
  '**/readme.test.ts',
];
const BACKENDS = ['@cf/onnx', '@cf/tfjs', '@cf/gpujs'];
/** Differences of old versions, which the READMEs name: webgpu of onnxruntime-web is exact from 1.23 on. */
const LESS_EXACT = { 'onnx webgpu': 1e-3 };
/** The development version that @huggingface/transformers 4.3.2 asks for. */
const PINNED = '1.31.0-dev.20260914-8d85527a0';
/** Packages whose tests run with them. */
const ADAPTERS = ['onnx', 'tfjs'];

/**
 * @param folder to install in; made here
 * @param packages manifests of the workspace
 * @param ours the packed packages, by name
 */
export async function oldestPeersChecks(folder, { packages, ours }) {
  const peers = oldestPeers(packages);
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  console.log(`oldest frameworks: ${versions.join(', ')}`);
  mkdirSync(folder);
  const dependencies = {
    ...ours,
    ...peers,
    // Released together with the core.
    ...Object.fromEntries(
      ['cpu', 'wasm', 'webgl'].map((name) => [
        `@tensorflow/tfjs-backend-${name}`,
        peers['@tensorflow/tfjs-core'],
      ]),
    ),
    typescript: '~5.9.0',
  };
  const manifest = { name: 'user', private: true, type: 'module', dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  cpSync(join(root, 'scripts', 'smoke'), folder, { recursive: true });
  const inUser = { cwd: folder, env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' } };
  const install = ['install', '--prefer-offline', ...INSTALL];
  if (!(await check('npm install, oldest frameworks', 'npm', install, inUser))) return;
  await check('packed, oldest frameworks: backends', process.execPath, ['backends.smoke.mjs'], inUser);
  await checkBesidePinned(join(folder, 'beside-pinned'), ours);
  const tsc = join(folder, 'node_modules', '.bin', 'tsc');
  await check('packed, oldest frameworks: types of every package', tsc, ['-p', 'tsconfig.json'], inUser);
  await browserChecks(folder, ['tfjs', 'gpujs', 'onnx'], {
    suffix: ', oldest framework',
    largest: LESS_EXACT,
  });
  for (const name of ADAPTERS) await adapterTests(name, folder);
}

/** Tests of an adapter; how many passed, and how many skipped since the framework is too old for them, is told. */
async function adapterTests(name, folder) {
  const excluded = ELSEWHERE.flatMap((pattern) => ['--exclude', pattern]);
  const workers = `--maxWorkers=${availableParallelism()}`;
  const tests = ['exec', 'vitest', 'run', '--reporter=dot', workers, ...excluded, `packages/${name}/src`];
  const env = { ...process.env, CF_PEERS: folder, NO_COLOR: '1' };
  const { status, stdout, stderr } = await run('pnpm', tests, { env });
  const counts = /Tests +(.*)/.exec(stdout)?.[1] ?? 'none ran';
  report(`tests of @cf/${name}, oldest framework: ${counts}`, status === 0, `${stdout}\n${stderr}`);
}

/** npm must find an arrangement where somebody else's library asks for a development version at the same place. */
async function checkBesidePinned(folder, ours) {
  mkdirSync(folder);
  const dependencies = { ...ours, 'onnxruntime-web': PINNED };
  delete dependencies['@cf/trainer'];
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, dependencies }));
  const install = ['install', '--package-lock-only', '--prefer-offline', ...INSTALL];
  await check(`npm takes @cf/onnx beside onnxruntime-web ${PINNED}`, 'npm', install, { cwd: folder });
}

/** The lowest version of each framework that the backends' peer ranges allow. */
function oldestPeers(packages) {
  const backends = packages.filter(({ manifest }) => BACKENDS.includes(manifest.name));
  const ranges = backends.flatMap(({ manifest }) => Object.entries(manifest.peerDependencies));
  return Object.fromEntries(ranges.map(([name, range]) => [name, /\d+\.\d+\.\d+/.exec(range)[0]]));
}
