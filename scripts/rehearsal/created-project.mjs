// npm create in an empty folder, and what a user does with the project then.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasChromium, openSite } from '../../packages/browser-testing/src/index.ts';
import { check, INSTALL, report, run } from '../checks.mjs';

/** What the page asks of the model, in a browser. */
const PAGE = `
import { env } from 'onnxruntime-web';
import { openModel, similarity } from './model.js';
env.wasm.wasmPaths = '/onnxruntime/';
export async function compare(pictures) {
  const model = await openModel('/model/model.onnx');
  const embeddings = [];
  for (const url of pictures) embeddings.push(await model.embed(await (await fetch(url)).blob()));
  const [first] = embeddings;
  return { size: first.length, scores: embeddings.map((one) => similarity(first, one)) };
}
`;

/** @param {{ cwd: string, env: NodeJS.ProcessEnv, scope: string }} place */
export async function createAndUse({ cwd, env, scope }) {
  const shell = process.platform === 'win32';
  const project = join(cwd, 'my-faces');
  const create = ['create', '--yes', `${scope}@latest`, 'my-faces'];
  if (!(await check(`npm create ${scope}@latest my-faces`, 'npm', create, { cwd, env, shell }))) return;
  const again = await run('npm', create, { cwd, env, shell });
  const isRefused = again.status !== 0 && again.stderr.includes('E_PROJECT_FOLDER');
  report(`npm create ${scope}@latest refuses a folder that is not empty`, isRefused, again.stderr);
  const inProject = { cwd: project, env, shell };
  const install = ['install', '--prefer-offline', ...INSTALL];
  if (!(await check('a created project: npm install', 'npm', install, inProject))) return;
  // As many people as seconds allow.
  const config = join(project, 'cf.yaml');
  const few = readFileSync(config, 'utf8').replace(
    /identities: \d+, imagesPerIdentity: \d+/,
    'identities: 12, imagesPerIdentity: 6',
  );
  writeFileSync(config, few.replace(/batch: \d+/, 'batch: 16'));
  const train = ['run', 'train', '--', '--epochs', '1'];
  if (!(await check('a created project: npm run train', 'npm', train, inProject))) return;
  if (!(await check('a created project: npm run build', 'npm', ['run', 'build'], inProject))) return;
  const files = readdirSync(join(project, 'dist'), { recursive: true }).map(String);
  const missing = ['index.html', join('model', 'model.onnx'), join('model', 'README.md')].filter(
    (file) => !files.includes(file),
  );
  report(
    'a created project: the page is there with its model',
    missing.length === 0 && files.some((file) => file.endsWith('.wasm')),
    `${missing}`,
  );
  await checkPage(project);
}

/** A picture is like itself, and less so like another. */
export async function checkPage(project) {
  if (!hasChromium) return console.log('skip  a created project: its page, without Chromium');
  const page = join(project, 'page-check.js');
  writeFileSync(page, PAGE);
  const faces = join(project, 'public', 'faces');
  const pictures = readdirSync(faces, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter((name) => /\.(png|jpe?g)$/.test(name))
    .sort();
  const urls = [pictures[0], pictures.at(-1)].map((name) => `/faces/${name}`);
  let site;
  try {
    site = await openSite(page, {
      quickCompile: true,
      folders: {
        '/onnxruntime/': join(project, 'node_modules', 'onnxruntime-web', 'dist'),
        '/model/': join(project, 'public', 'model'),
        '/faces/': faces,
      },
    });
    const opened = await site.open();
    const { size, scores } = await opened.evaluate((some) => globalThis.entry.compare(some), urls);
    const [same, other] = scores;
    report(
      `a created project: its page gives ${size} numbers, ${same.toFixed(3)} for the same picture and ${other.toFixed(3)} for another`,
      size === 256 && Math.abs(same - 1) < 1e-5 && other < 0.9999,
      String(scores),
    );
  } catch (error) {
    report('a created project: its page', false, String(error));
  } finally {
    await site?.close();
  }
}
