import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';
import type { ConformanceRun } from '../runtime/testing/conformance-run.ts';
import { type Absent, conformanceTests } from '../runtime/testing/conformance-tests.ts';
import { CHROMIUM, launchChromium } from './chromium.ts';
import type { WebMode } from './page/main.ts';
import { type PageServer, servePage } from './page-server.ts';

const PATIENCE = 300_000;
/**
 * Problems of the laws are too small for more than one thread. On the webgpu provider every run waits for the process of
 * the GPU again and again, and all losses together take minutes; in Node the laws are tried on all of them.
 */
const MODES: readonly (WebMode & { readonly laws: string | undefined })[] = [
  { provider: 'wasm', threads: 1, elementwise: 'graph', stride: 1, laws: 'every loss' },
  { provider: 'wasm', threads: 2, elementwise: 'wasm', stride: 1, laws: undefined },
  { provider: 'webgpu', threads: 1, elementwise: 'graph', stride: 3, laws: 'every third loss' },
];

describe.skipIf(!existsSync(CHROMIUM))('onnxruntime-web in Chromium (needs /usr/bin/chromium)', () => {
  let server: PageServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await servePage();
    browser = await launchChromium();
  }, PATIENCE);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  }, PATIENCE);

  for (const { laws, ...mode } of MODES) {
    const { provider, threads, elementwise } = mode;
    describe(`${provider} provider, threads: ${threads}, element-wise work: ${elementwise}, laws on ${laws ?? 'no loss'}`, () => {
      conformanceTests(() => openPage(browser, server.url, mode), laws !== undefined);
    });
  }
});

async function openPage(browser: Browser, url: string, mode: WebMode): Promise<ConformanceRun | Absent> {
  const page = await browser.newPage();
  await page.goto(url);
  const opened = await page.evaluate((wanted) => openBackend(wanted), mode);
  if ('absent' in opened) return opened;
  return {
    checkLaw: (name) => page.evaluate((law) => conformance.checkLaw(law), name),
    replayGoldens: () => page.evaluate(() => conformance.replayGoldens()),
    replayTiles: () => page.evaluate(() => conformance.replayTiles()),
    stepTwoHeads: () => page.evaluate(() => conformance.stepTwoHeads()),
    async dispose() {
      await page.evaluate(() => conformance.dispose());
      await page.close();
    },
  };
}
