import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHROMIUM, hasChromium, openSite, type Site } from '@cf/browser-testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Draws, readDraws } from '../../../../testing/draws.ts';
import type { PageResult } from '../testing/browser-page.ts';
import { LAWS, type LawsOutcome } from '../testing/some-laws.ts';

const here = dirname(fileURLToPath(import.meta.url));

describe.skipIf(!hasChromium)(`in Chromium (needs ${CHROMIUM})`, () => {
  let site: Site;

  beforeAll(async () => {
    const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
    site = await openSite(join(here, '..', 'testing', 'browser-page.ts'), { folders: { '/wasm/': wasm } });
  });

  afterAll(() => site?.close());

  /** Calls a function of the page. */
  async function call<Result>(name: string, ...args: readonly (string | Draws)[]): Promise<Result> {
    const page = await site.open();
    try {
      return (await page.evaluate(
        ([called, given]) =>
          (globalThis as unknown as { entry: Record<string, (...all: unknown[]) => unknown> }).entry[called]!(
            ...given,
          ),
        [name, args] as const,
      )) as Result;
    } finally {
      await page.close();
    }
  }

  test.each(['wasm', 'webgl', 'webgpu'])(
    '%s meets 2e-5 on all 339 golden cases',
    async (backend) => {
      const result = await call<PageResult>('replay', backend);
      console.log(result.text);
      expect(result.passed, result.text).toBe(true);
      expect(result.cases).toBe(339);
      expect(result.isolated).toBe(true);
      expect(result.threads).toBe(true);
    },
    600_000,
  );

  // In software all of them take minutes.
  const gpuLaws = process.env.CF_CHROMIUM === 'all' ? 'all' : 'some';
  test.each([
    ['wasm', 'all'],
    ['webgl', gpuLaws],
    ['webgpu', gpuLaws],
  ])(
    '%s obeys the laws: %s (CF_CHROMIUM=all: all)',
    async (backend, which) => {
      const { passed, failed } = await call<LawsOutcome>('laws', backend, which, readDraws());
      expect(failed).toEqual([]);
      if (which === 'all') expect(passed.length).toBeGreaterThanOrEqual(20);
      else expect(passed).toHaveLength(LAWS.length);
    },
    1_200_000 * readDraws().times,
  );

  test("the README's example trains, as it stands", async () => {
    const readme = await readFile(join(here, '..', '..', 'README.md'), 'utf8');
    const source = /<!-- runs -->\n+```js\n([\s\S]*?)```/
      .exec(readme)![1]!
      .replace("'@cf/tfjs/layers'", "'../../layers.ts'");
    // Beside the sources, where its imports are found.
    const folder = await mkdtemp(join(here, 'readme-'));
    const told: string[] = [];
    try {
      await writeFile(join(folder, 'example.js'), source);
      const example = await openSite(join(folder, 'example.js'), { onConsole: (line) => told.push(line) });
      await example.open().finally(example.close);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const accuracy = Number(/accuracy ([\d.]+)/.exec(told.join('\n'))?.[1]);
    expect(accuracy, told.join('\n')).toBeGreaterThan(0.8);
  });
});
