import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageResult } from './testing/browser-page.ts';
import { type FolderServer, serveFolders } from './testing/serve-folder.ts';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(!existsSync(CHROMIUM))(`in Chromium (needs ${CHROMIUM})`, () => {
  let folder: string;
  let server: FolderServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cf-tfjs-page-'));
    await build({
      root: dirname(fileURLToPath(import.meta.url)),
      configFile: false,
      logLevel: 'silent',
      build: {
        outDir: join(folder, 'site'),
        target: 'es2022',
        minify: false,
        lib: {
          entry: fileURLToPath(new URL('./testing/browser-page.ts', import.meta.url)),
          formats: ['es'],
          fileName: () => 'page.js',
        },
      },
    });
    writeFileSync(
      join(folder, 'site', 'index.html'),
      '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>',
    );
    const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
    server = await serveFolders({ '/wasm/': wasm, '/': join(folder, 'site') });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function replay(backend: string, stride: number): Promise<PageResult> {
    page = await browser.newPage();
    try {
      await page.goto(server.url);
      await page.waitForFunction(() => 'replay' in globalThis);
      return await page.evaluate(
        ([name, every]) =>
          (globalThis as unknown as { replay(n: string, e: number): Promise<PageResult> }).replay(
            name,
            every,
          ),
        [backend, stride] as const,
      );
    } finally {
      await page.close();
    }
  }

  // In software a case takes a second: every tenth or twentieth is replayed, with CF_ALL_GOLDENS=1 each.
  const all = process.env.CF_ALL_GOLDENS === '1';
  test.each([
    ['wasm', 1],
    ['webgl', all ? 1 : 10],
    ['webgpu', all ? 1 : 20],
  ])(
    '%s meets 2e-5 on golden cases, one in %i (CF_ALL_GOLDENS=1: all)',
    async (backend, stride) => {
      const result = await replay(backend, stride);
      expect(result.passed, result.text).toBe(true);
      expect(result.cases).toBe(220 / stride);
      expect(result.isolated).toBe(true);
      expect(result.threads).toBe(true);
    },
    600_000,
  );
});
