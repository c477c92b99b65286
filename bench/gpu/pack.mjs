// Packs the measurement for a Linux x64 machine without a network: `node bench/gpu/pack.mjs [cf-gpu-bench.sh]` writes one
// shell script that holds Node, onnxruntime with its webgpu provider, this repository's code and Vulkan's loader.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { build } from 'tsdown';

const MOST = 64 * 2 ** 20;
const root = resolve(import.meta.dirname, '../..');
const out = resolve(process.argv[2] ?? 'cf-gpu-bench.sh');
if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('packs on Linux x64 alone');
const folder = mkdtempSync(join(tmpdir(), 'cf-gpu-pack-'));
const content = join(folder, 'cf-gpu-bench');

try {
  mkdirSync(content);
  await build({
    config: false,
    entry: ['run.ts', 'part.ts'].map((file) => join(root, 'apps/trainer/src/bench/gpu', file)),
    outDir: content,
    cwd: join(root, 'apps/trainer'),
    format: 'esm',
    platform: 'node',
    fixedExtension: false,
    dts: false,
    clean: false,
    deps: { neverBundle: ['onnxruntime-node'], alwaysBundle: [/.*/] },
    logLevel: 'warn',
  });
  writeFileSync(join(content, 'package.json'), '{ "type": "module" }\n');
  packOnnxruntime();
  const node = join(content, 'node');
  copyFileSync(realpathSync(process.execPath), node);
  execFileSync('strip', [node]);
  for (const file of ['torch_part.py', '../peers/backbone.py', '../peers/pytorch-head.py'])
    copyFileSync(join(import.meta.dirname, file), join(content, file.split('/').at(-1)));
  packVulkanLoader();
  writeFileSync(out, readFileSync(join(import.meta.dirname, 'unpack.sh')), { mode: 0o755 });
  const packed = join(folder, 'content.tar.xz');
  execFileSync('tar', ['-C', folder, '-cf', join(folder, 'content.tar'), 'cf-gpu-bench']);
  execFileSync('xz', ['-T0', '-6', join(folder, 'content.tar')]);
  appendFileSync(out, readFileSync(packed));
  const { size } = statSync(out);
  console.log(`${out}: ${(size / 2 ** 20).toFixed(1)} MiB`);
  if (size > MOST) throw new Error(`more than ${MOST / 2 ** 20} MiB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The parts of the package that run, of this platform; with the CUDA libraries only where they leave room. */
function packOnnxruntime() {
  const require = createRequire(join(root, 'apps/trainer/package.json'));
  const from = dirname(require.resolve('onnxruntime-node/package.json'));
  // Beside it, whatever laid them out.
  const common = join(from, '../onnxruntime-common');
  const to = join(content, 'node_modules');
  const copy = (source, name, files) => {
    for (const file of files) cpSync(join(source, file), join(to, name, file), { recursive: true });
  };
  copy(common, 'onnxruntime-common', ['package.json', 'dist/cjs', 'dist/esm']);
  copy(from, 'onnxruntime-node', ['package.json', 'dist']);
  const [napi] = readdirSync(join(from, 'bin'));
  const bin = join('bin', napi, 'linux/x64');
  const libraries = readdirSync(join(from, bin)).filter((name) => !/_(cuda|tensorrt|shared)\.so/.test(name));
  copy(
    from,
    'onnxruntime-node',
    libraries.map((name) => join(bin, name)),
  );
  for (const name of libraries)
    if (name.includes('.so'))
      execFileSync('strip', ['--strip-unneeded', join(to, 'onnxruntime-node', bin, name)]);
}

/** For machines that have a driver of Vulkan, and no loader. */
function packVulkanLoader() {
  const loader = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/lib64/libvulkan.so.1'].find(existsSync);
  if (loader === undefined)
    return console.log("without Vulkan's loader, which this machine has not (libvulkan1)");
  mkdirSync(join(content, 'vulkan'));
  copyFileSync(realpathSync(loader), join(content, 'vulkan/libvulkan.so.1'));
}
