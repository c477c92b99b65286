// The packed packages in a browser: what they add to a bundle, held by budgets, and a step of the head on every mode that
// Debian's Chromium has, beside the float64 reference.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { CHROMIUM, hasChromium, openSite } from '../packages/browser-testing/src/index.ts';
import { readmesWithBudgets } from './budget-tables.mjs';
import { report } from './checks.mjs';
import { root } from './node-runtime.mjs';

/** float32, scale 16; modes that compute less exactly say so in their package's README. */
const LARGEST_DIFFERENCE = 1e-4;

/**
 * Minified and gzipped, in bytes. Frameworks are not counted, but those that a row names in `with`; nor is @cf/core in
 * other packages. `pnpm print-budgets` writes them into the READMEs.
 */
export const BUDGETS = [
  { of: '@cf/core, whole', names: '*', from: '@cf/core', budget: 38_000 },
  {
    of: '@cf/core, normFace and the reference head',
    names: oneLoss('normFace'),
    from: '@cf/core',
    budget: 13_600,
  },
  {
    of: '@cf/core, cosFace and the reference head',
    names: oneLoss('cosFace'),
    from: '@cf/core',
    budget: 14_300,
  },
  {
    of: '@cf/core, arcFace and the reference head',
    names: oneLoss('arcFace'),
    from: '@cf/core',
    budget: 14_900,
  },
  {
    of: '@cf/core, curricularFace and the reference head',
    names: oneLoss('curricularFace'),
    from: '@cf/core',
    budget: 16_400,
  },
  {
    of: '@cf/core, sphereFace2 and the reference head',
    names: oneLoss('sphereFace2'),
    from: '@cf/core',
    budget: 15_900,
  },
  { of: '@cf/tfjs, whole', names: '*', from: '@cf/tfjs', budget: 15_000 },
  {
    of: '@cf/tfjs, whole, with @tensorflow/tfjs-core',
    names: '*',
    from: '@cf/tfjs',
    with: ['@tensorflow/tfjs-core'],
    budget: 39_500,
  },
  {
    of: '@cf/tfjs, the differentiable head, with @tensorflow/tfjs-core',
    names: 'marginHead',
    from: '@cf/tfjs',
    with: ['@tensorflow/tfjs-core'],
    budget: 32_500,
  },
  { of: '@cf/tfjs/layers, whole', names: '*', from: '@cf/tfjs/layers', budget: 15_700 },
  {
    of: '@cf/tfjs/layers, whole, with @tensorflow/tfjs-core and -layers',
    names: '*',
    from: '@cf/tfjs/layers',
    with: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'],
    budget: 115_000,
  },
  { of: '@cf/gpujs, whole', names: '*', from: '@cf/gpujs', budget: 16_000 },
  {
    of: '@cf/onnx, the head, with a protobuf library',
    names: 'onnxBackend',
    from: '@cf/onnx',
    budget: 47_500,
  },
  { of: '@cf/onnx, whole, with a protobuf library', names: '*', from: '@cf/onnx', budget: 129_000 },
  { of: '@cf/data, whole', names: '*', from: '@cf/data', budget: 35_000 },
  {
    of: '@cf/data, a sampler and a batch',
    names: 'balancedSampler, augmentBatch',
    from: '@cf/data',
    budget: 3_600,
  },
  { of: '@cf/data, pairs', names: 'parsePairs, identityPairs', from: '@cf/data', budget: 2_000 },
  {
    of: '@cf/data, parseManifest, with a CSV parser',
    names: 'parseManifest',
    from: '@cf/data',
    budget: 15_400,
  },
  { of: '@cf/training, whole', names: '*', from: '@cf/training', budget: 11_200 },
  { of: '@cf/training, train and sgd', names: 'train, sgd', from: '@cf/training', budget: 7_500 },
  { of: '@cf/backbones, whole', names: '*', from: '@cf/backbones', budget: 2_700 },
  {
    of: '@cf/conformance, whole, with fast-check',
    names: '*',
    from: '@cf/conformance',
    budget: 80_000,
  },
  { of: '@cf/eval, verify', names: 'verify', from: '@cf/eval', budget: 3_000 },
  { of: '@cf/eval, whole: all numbers', names: '*', from: '@cf/eval', budget: 12_000 },
  { of: '@cf/eval/svg, rocSvg', names: 'rocSvg', from: '@cf/eval/svg', budget: 4_700 },
  { of: '@cf/eval/charts, rocChart, with vega', names: 'rocChart', from: '@cf/eval/charts', budget: 300_000 },
];

function oneLoss(loss) {
  return `${loss}, initialState, referenceStep`;
}

/** What the packages add to a bundle. @param user a folder in which they are installed, with their frameworks. */
export async function sizeChecks(user) {
  for (const { name, isCurrent } of readmesWithBudgets(BUDGETS))
    report(`README of ${name} prints its budgets`, isCurrent, 'pnpm print-budgets');
  for (const entry of BUDGETS) await checkSize(user, entry);
}

/**
 * The packages in Chromium.
 *
 * @param user a folder in which they are installed, with their frameworks
 * @param names pages of scripts/browser to open
 * @param options.suffix what is special about the versions installed, as it follows the name of a check
 * @param options.largest differences that modes may have, where they compute less exactly
 */
export async function browserChecks(user, names, options = {}) {
  if (!hasChromium) {
    console.log(`skip  packed packages in a browser: no ${CHROMIUM}`);
    return;
  }
  cpSync(join(root, 'scripts', 'browser'), join(user, 'browser'), { recursive: true });
  for (const name of names) await checkPage(user, name, options);
}

async function checkSize(user, { of, names, from, budget, with: counted = [] }) {
  const entry = join(user, 'size.js');
  // Assigned, so that nothing is dropped for want of a reader.
  const source =
    names === '*'
      ? `import * as all from '${from}';\nglobalThis.all = { ...all };`
      : `import { ${names} } from '${from}';\nglobalThis.all = { ${names} };`;
  writeFileSync(entry, `${source}\n`);
  const external = (name) =>
    !counted.some((one) => name === one || name.startsWith(`${one}/`)) &&
    (/^(@tensorflow\/|gpu\.js$|onnxruntime)/.test(name) || (name === '@cf/core' && from !== '@cf/core'));
  let result;
  try {
    result = await bundle(user, entry, external);
  } catch (error) {
    report(`${of}: bundles for browsers`, false, String(error));
    return;
  }
  const chunks = [result]
    .flat()
    .flatMap(({ output }) => output)
    .filter(({ type }) => type === 'chunk');
  const size = chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
  report(`${of}: ${size} of ${budget} bytes, minified and gzipped`, size <= budget, 'over its budget');
}

function bundle(user, entry, external) {
  return build({
    root: user,
    configFile: false,
    logLevel: 'error',
    plugins: [NO_NODE],
    build: {
      write: false,
      minify: true,
      modulePreload: false,
      target: 'es2024',
      rolldownOptions: { input: entry, external },
    },
  });
}

/** vite puts an empty module where Node's own would stand, and says nothing: it would fail in the page. */
const NO_NODE = {
  name: 'no-node',
  enforce: 'pre',
  resolveId(name, importer) {
    if (isBuiltin(name) && !isLeftOut(name, importer))
      throw new Error(`${importer} imports ${name}, which no browser has`);
  },
};

/** Whether the package of a file says itself, in its manifest, that it does without a module in browsers. */
function isLeftOut(name, importer) {
  for (let folder = dirname(importer); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).browser?.[name] === false;
  }
  return false;
}

async function checkPage(user, name, { suffix = '', largest = {} }) {
  const modules = join(user, 'node_modules');
  const folders = {
    '/tfjs-wasm/': join(modules, '@tensorflow', 'tfjs-backend-wasm', 'dist'),
    '/onnxruntime/': join(modules, 'onnxruntime-web', 'dist'),
  };
  let site;
  try {
    site = await openSite(join(user, 'browser', `${name}.ts`), { folders, quickCompile: true });
    const page = await site.open();
    const outcome = await Promise.race([page.evaluate(() => globalThis.entry.outcome), tooLong()]);
    for (const [mode, difference] of Object.entries(outcome)) {
      const known = typeof difference === 'number';
      report(
        `packed in Chromium: @cf/${name} ${mode}${suffix}${known ? `, off by ${difference.toExponential(1)}` : ''}`,
        known && difference <= (largest[`${name} ${mode}`] ?? LARGEST_DIFFERENCE),
        String(difference),
      );
    }
  } catch (error) {
    report(`packed in Chromium: @cf/${name}${suffix}`, false, String(error));
  } finally {
    await site?.close();
  }
}

function tooLong() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('no answer within 3 minutes')), 180_000).unref();
  });
}
