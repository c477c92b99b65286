import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHROMIUM, hasChromium, openSite } from '@cf/browser-testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as exported from './index.ts';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(join(packageFolder, 'README.md'), 'utf8');
/** Blocks that say of themselves that they run as they stand. */
const examples = [...readme.matchAll(/<!-- runs -->\n+```ts\n([\s\S]*?)```/g)].map(([, source]) => source!);

let folder = '';
/** A folder in which the packages are installed. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cf-readme-'));
  await mkdir(join(folder, 'node_modules/@cf'), { recursive: true });
  const links = {
    '@cf/core': join(packageFolder, 'node_modules/@cf/core'),
    '@cf/gpujs': packageFolder,
    'gpu.js': join(packageFolder, 'node_modules/gpu.js'),
  };
  for (const [name, target] of Object.entries(links)) {
    await symlink(target, join(folder, 'node_modules', name), 'dir');
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await Promise.all(examples.map((source, index) => writeFile(join(folder, `example${index}.ts`), source)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function runInNode(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, file)]);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(stdout) : reject(new Error(stderr))));
  });
}

/** What the training example prints: step, loss, mean cosine with the own center. */
function expectLearned(output: string): void {
  const rows = output
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  expect(rows.map(([step]) => step)).toEqual([0, 100, 200, 300]);
  expect(rows[0]![1]).toBeGreaterThan(3);
  expect(rows[3]![1]).toBeLessThan(0.3);
  expect(rows[3]![2]).toBeGreaterThan(0.7);
}

describe('examples of the README, as they stand', () => {
  test('training, in Node', async () => expectLearned(await runInNode('example0.ts')), 60_000);

  test('pieces, in Node', async () => {
    expect(examples.length).toBe(2);
    const printed = /Float32Array\(2\) \[ (.+), (.+) \]/.exec(await runInNode('example1.ts'))!;
    const target = (cos: number) => Math.cos(Math.acos(cos) + 0.5);
    // softplus(64·(the other logit − the target's)) of each sample.
    const expected = [0.1 - target(0.8), 0.2 - target(0.6)].map((gap) => Math.log1p(Math.exp(64 * gap)));
    const losses = printed.slice(1).map(Number);
    for (const [i, loss] of losses.entries()) expect(loss / expected[i]!).toBeCloseTo(1, 3);
  });

  test.skipIf(!hasChromium)(
    `training, in Chromium${hasChromium ? '' : ` (needs ${CHROMIUM})`}`,
    async () => {
      const lines: string[] = [];
      const site = await openSite(join(folder, 'example0.ts'), { onConsole: (text) => lines.push(text) });
      await site.open().finally(site.close);
      expectLearned(lines.join('\n'));
    },
    180_000,
  );
});

test('the README lists every maker of a kernel, and no others', () => {
  const listed = [...readme.matchAll(/^\| `(create\w+)`/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual(
    Object.keys(exported)
      .filter((name) => name.startsWith('create'))
      .sort(),
  );
});
