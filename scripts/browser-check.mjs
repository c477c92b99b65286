// The packed packages in a browser: what they add to a bundle, held by budgets, and a step of the head on every mode that
// Debian's Chromium has, beside the float64 reference.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { report } from './checks.mjs';
import { root } from './node-runtime.mjs';

const EXECUTABLE = '/usr/bin/chromium';
/** float32, scale 16; modes that compute less exactly say so in their package's README. */
const LARGEST_DIFFERENCE = 1e-4;

/** Minified and gzipped, in bytes. Frameworks are not counted, nor is @cf/core in its adapters. */
const BUDGETS = [
  { of: '@cf/core, whole', names: '*', from: '@cf/core', budget: 20_000 },
  {
    of: '@cf/core, normFace and the reference head',
    names: oneLoss('normFace'),
    from: '@cf/core',
    budget: 6_000,
  },
  {
    of: '@cf/core, cosFace and the reference head',
    names: oneLoss('cosFace'),
    from: '@cf/core',
    budget: 6_200,
  },
  {
    of: '@cf/core, arcFace and the reference head',
    names: oneLoss('arcFace'),
    from: '@cf/core',
    budget: 6_600,
  },
  {
    of: '@cf/core, curricularFace and the reference head',
    names: oneLoss('curricularFace'),
    from: '@cf/core',
    budget: 8_000,
  },
  { of: '@cf/tfjs, whole', names: '*', from: '@cf/tfjs', budget: 40_000 },
  { of: '@cf/gpujs, whole', names: '*', from: '@cf/gpujs', budget: 16_000 },
  {
    of: '@cf/onnx, the head, with a protobuf library',
    names: 'onnxBackend',
    from: '@cf/onnx',
    budget: 45_000,
  },
  { of: '@cf/onnx, whole, with a protobuf library', names: '*', from: '@cf/onnx', budget: 70_000 },
];

function oneLoss(loss) {
  return `${loss}, initialState, referenceStep`;
}

/** @param user a folder in which the packages are installed, with their frameworks. */
export async function browserChecks(user) {
  for (const entry of BUDGETS) await checkSize(user, entry);
  if (!existsSync(EXECUTABLE)) {
    console.log(`skip  packed packages in a browser: no ${EXECUTABLE}`);
    return;
  }
  const pages = join(user, 'browser');
  cpSync(join(root, 'scripts', 'browser'), pages, { recursive: true });
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // The runtimes' own code is large; compiling it to its best form takes longer than what is run of it.
      '--js-flags=--liftoff-only',
    ],
  });
  try {
    for (const name of ['core', 'tfjs', 'gpujs', 'onnx']) await checkPage(browser, user, name);
  } finally {
    await browser.close();
  }
}

async function checkSize(user, { of, names, from, budget }) {
  const entry = join(user, 'size.js');
  // Assigned, so that nothing is dropped for want of a reader.
  const source =
    names === '*'
      ? `import * as all from '${from}';\nglobalThis.all = { ...all };`
      : `import { ${names} } from '${from}';\nglobalThis.all = { ${names} };`;
  writeFileSync(entry, `${source}\n`);
  const external = [/^@tensorflow\//, 'gpu.js', /^onnxruntime/, ...(from === '@cf/core' ? [] : ['@cf/core'])];
  const result = await build({
    root: user,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: true,
      modulePreload: false,
      target: 'es2024',
      rolldownOptions: { input: entry, external },
    },
  });
  const chunks = [result]
    .flat()
    .flatMap(({ output }) => output)
    .filter(({ type }) => type === 'chunk');
  const size = chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
  report(`${of}: ${size} of ${budget} bytes, minified and gzipped`, size <= budget, 'over its budget');
}

async function checkPage(browser, user, name) {
  const folder = join(user, 'browser', `${name}-page`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html><title>${name}</title><script type="module" src="../${name}.ts"></script>`,
  );
  const outDir = join(folder, 'dist');
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    build: { outDir, target: 'esnext', minify: false, chunkSizeWarningLimit: 1e6 },
  });
  const modules = join(user, 'node_modules');
  const mounts = {
    '/tfjs-wasm/': join(modules, '@tensorflow', 'tfjs-backend-wasm', 'dist'),
    '/onnxruntime/': join(modules, 'onnxruntime-web', 'dist'),
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname).replaceAll('..', '');
    const mount = Object.keys(mounts).find((prefix) => path.startsWith(prefix));
    const file =
      mount === undefined
        ? join(outDir, path === '/' ? 'index.html' : path)
        : join(mounts[mount], path.slice(mount.length));
    const types = {
      '.html': 'text/html',
      '.js': 'text/javascript',
      '.mjs': 'text/javascript',
      '.wasm': 'application/wasm',
    };
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, {
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    });
    return response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction(() => 'outcome' in globalThis, undefined, { timeout: 60_000 });
    const outcome = await Promise.race([
      page.evaluate(() => globalThis.outcome),
      new Promise((_, reject) =>
        setTimeout(() => reject(new Error('no answer within 3 minutes')), 180_000).unref(),
      ),
    ]);
    for (const [mode, difference] of Object.entries(outcome)) {
      const ok = typeof difference === 'number' && difference <= LARGEST_DIFFERENCE;
      report(
        `packed in Chromium: @cf/${name} ${mode}${typeof difference === 'number' ? `, off by ${difference.toExponential(1)}` : ''}`,
        ok,
        String(difference),
      );
    }
  } catch (error) {
    report(`packed in Chromium: @cf/${name}`, false, [String(error), ...errors].join('\n'));
  } finally {
    await page.close();
    server.closeAllConnections();
    server.close();
  }
}
