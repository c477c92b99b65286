// A user's npm install by version range in empty folders, the READMEs' examples, and the examples.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, INSTALL, report } from '../checks.mjs';
import { root } from '../node-runtime.mjs';
import { runnableExamples } from '../readme-examples.mjs';
import { scopeOf } from '../release/published-packages.mjs';

/** Installs by version range in empty folders, and uses what is there. */
export async function useAsAUser(packages, folder, registry) {
  const scope = scopeOf(root);
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const manifestOf = (name) => packages.find(({ manifest }) => manifest.name === name).manifest;
  const rangeOf = (name) => `${name}@^${manifestOf(name).version}`;
  const peerOf = (name, peer) => `${peer}@${manifestOf(name).peerDependencies[peer]}`;
  const install = async (folderName, specs) => {
    const cwd = join(folder, folderName);
    mkdirSync(cwd, { recursive: true });
    writeFileSync(join(cwd, '.npmrc'), registry.settings(scope));
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
    tfjs: [
      rangeOf('@cf/core'),
      rangeOf('@cf/tfjs'),
      ...['core', 'layers'].map((part) => peerOf('@cf/tfjs', `@tensorflow/tfjs-${part}`)),
      '@tensorflow/tfjs-backend-cpu',
    ],
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

  for (const name of readdirSync(join(root, 'examples'))) {
    const example = join(folder, name);
    mkdirSync(example);
    const from = join(root, 'examples', name);
    for (const file of readdirSync(from).filter((name) => name !== 'node_modules'))
      cpSync(join(from, file), join(example, file));
    const place = await install(name, []);
    if (place === undefined) continue;
    await check(`examples/${name} against the published types`, 'npm', ['run', 'typecheck'], place);
    await check(`examples/${name} passes its tests`, 'npm', ['test'], place);
  }
}
