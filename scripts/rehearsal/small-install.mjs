// @…/trainer alone: what it takes, and that what needs more says so.
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { check, report, run } from '../checks.mjs';

/** MB, of 2^20 bytes. */
const BUDGET = 350;
const MB = 2 ** 20;

/** A training of seconds. */
const SHORT = ['--identities', '12', '--images-per-identity', '6', '--epochs', '1', '--batch', '16'];

const TFJS = '@tensorflow/tfjs-core @tensorflow/tfjs-layers';

/** What asks for an optional package, and the packages that are then told. */
const ASKING = [
  [['train', ...SHORT, '--head', 'tfjs-wasm', '--out', 'no'], `${TFJS} @tensorflow/tfjs-backend-wasm`],
  [['train', ...SHORT, '--engine', 'tfjs', '--out', 'no'], `${TFJS} @tensorflow/tfjs-backend-wasm`],
  [['train', ...SHORT, '--head', 'gpujs-cpu', '--out', 'no'], 'gpu.js'],
  [
    ['train', '--data', 'faces', '--align', '--backbone', 'tiny-iresnet', '--out', 'no'],
    '@vladmandic/human @tensorflow/tfjs @tensorflow/tfjs-backend-wasm',
  ],
  [
    ['data', 'align', '--data', 'faces', '--out', 'no'],
    '@vladmandic/human @tensorflow/tfjs @tensorflow/tfjs-backend-wasm',
  ],
  [['conformance', '--backend', 'gpujs-webgpu'], 'gpu.js webgpu'],
  [['conformance', '--backend', 'tfjs-node'], `${TFJS} @tensorflow/tfjs-node`],
  [
    ['bench', 'head', '--backend', 'tfjs-cpu', '--classes', '100', '--batch', '8'],
    `${TFJS} @tensorflow/tfjs-backend-cpu`,
  ],
  [['bench', 'backbone', '--engine', 'tfjs'], `${TFJS} @tensorflow/tfjs-backend-wasm`],
];

/** What asks for none. */
const USING = [
  ['faces', '--identities', '4', '--images-per-identity', '3', '--out', 'faces'],
  ['embed', '--run', 'run', '--data', 'faces', '--out', 'faces.npy'],
  ['data', 'inspect', '--data', 'faces'],
  ['inspect', join('run', 'model.onnx')],
  ['export', '--run', 'run', '--out', 'exported'],
  ['conformance'],
  ['bench', '--help'],
];

/**
 * @param {{ modules: string, cwd: string, env: NodeJS.ProcessEnv, install: string }} place `modules` is where it is installed
 *   alone, `install` how the command begins that it tells
 */
export async function checkSmallInstall({ modules, cwd, env, install }) {
  const total = sizeOf(modules) / MB;
  const runtime = sizeOf(join(modules, 'onnxruntime-node')) / MB;
  report(
    `the trainer alone takes ${total.toFixed(0)} of ${BUDGET} MB, onnxruntime-node ${runtime.toFixed(0)} of them`,
    total < BUDGET && runtime > 0,
    largest(modules),
  );
  const cf = join(modules, '.bin', process.platform === 'win32' ? 'cf.cmd' : 'cf');
  const options = { cwd, env, shell: process.platform === 'win32' };
  const trained = await check(
    'the trainer alone: cf train',
    cf,
    ['train', ...SHORT, '--out', 'run'],
    options,
  );
  if (!trained) return;
  for (const args of USING) await check(`the trainer alone: cf ${args.join(' ')}`, cf, args, options);
  for (const [args, packages] of ASKING) {
    const { status, stdout, stderr } = await run(cf, args, options);
    const line = `run ${install} ${packages}`;
    const told = stderr.includes('E_PACKAGE') && stderr.trimEnd().endsWith(line);
    report(
      `the trainer alone: cf ${args.join(' ')}: ${line}`,
      status === 2 && told,
      `${status}\n${stdout}\n${stderr}`,
    );
  }
  const { status, stdout, stderr } = await run(cf, ['doctor', '--json', '--limit', '120'], options);
  const { absentPackages = [], isSound } = status === 0 ? JSON.parse(stdout) : {};
  const absent = absentPackages.map(({ name }) => name);
  const expected = ['@tensorflow/tfjs-core', '@vladmandic/human', 'gpu.js', 'webgpu'];
  report(
    `the trainer alone: cf doctor lists ${absent.length} optional packages`,
    isSound === true && expected.every((name) => absent.includes(name)),
    `${status}\n${stdout}\n${stderr}`,
  );
}

/** Bytes of all files below a folder. */
function sizeOf(path) {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function largest(modules) {
  return readdirSync(modules)
    .map((name) => [name, sizeOf(join(modules, name)) / MB])
    .sort(([, a], [, b]) => b - a)
    .slice(0, 10)
    .map(([name, size]) => `${size.toFixed(1)} MB ${name}`)
    .join('\n');
}
