import { fileURLToPath } from 'node:url';
import { CHROMIUM, hasChromium, openSite, type Site } from '@cf/browser-testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDraws } from '../../../../testing/draws.ts';
import type { Absent } from '../../../../testing/webgpu-adapter.ts';
import { PROOF_TOLERANCE } from '../proof/prove-provider.ts';
import type { openBackend, prove, WebMode } from './testing/browser-page.ts';
import type { ConformanceRun } from './testing/conformance-run.ts';
import { conformanceTests } from './testing/conformance-tests.ts';

const PATIENCE = 600_000;
/**
 * Problems of the laws are too small for more than one thread. On the webgpu provider every run waits for the process of
 * the GPU again and again, and all losses together take minutes; in Node the laws are tried on all of them.
 */
const MODES: readonly (Omit<WebMode, 'draws'> & { readonly laws: string | undefined })[] = [
  { provider: 'wasm', threads: 1, elementwise: 'graph', stride: 1, laws: 'every loss' },
  { provider: 'wasm', threads: 2, elementwise: 'wasm', stride: 1, laws: undefined },
  { provider: 'webgpu', threads: 1, elementwise: 'graph', stride: 3, laws: 'every third loss' },
];

describe.skipIf(!hasChromium)(`onnxruntime-web in Chromium (needs ${CHROMIUM})`, () => {
  let site: Site;

  beforeAll(async () => {
    // The runtime's functions run for moments here: to optimise them takes longer than it saves.
    site = await openSite(fileURLToPath(new URL('./testing/browser-page.ts', import.meta.url)), {
      quickCompile: true,
    });
  }, PATIENCE);

  afterAll(() => site?.close(), PATIENCE);

  test.for(['wasm', 'webgpu'] as const)(
    'training and a head are proven on the %s provider',
    { timeout: PATIENCE },
    async (provider, { skip }) => {
      const page = await site.open();
      const proof = await page.evaluate(
        (name) => (globalThis as unknown as InPage).entry.prove(name),
        provider,
      );
      await page.close();
      if ('absent' in proof) return skip(`needs ${proof.absent}`);
      expect(proof.head).toBeLessThan(PROOF_TOLERANCE.head);
      expect(proof.network).toBeLessThan(PROOF_TOLERANCE.network);
    },
  );

  for (const { laws, ...mode } of MODES) {
    const { provider, threads, elementwise } = mode;
    describe(`${provider} provider, threads: ${threads}, element-wise work: ${elementwise}, laws on ${laws ?? 'no loss'}`, () => {
      conformanceTests(() => openRun(site, { ...mode, draws: readDraws() }), laws !== undefined);
    });
  }
});

/** What the page holds. */
type InPage = { entry: { openBackend: typeof openBackend; prove: typeof prove }; run: ConformanceRun };

async function openRun(site: Site, mode: WebMode): Promise<ConformanceRun | Absent> {
  const page = await site.open();
  const absent = await page.evaluate(async (wanted) => {
    const inPage = globalThis as unknown as InPage;
    const opened = await inPage.entry.openBackend(wanted);
    if ('absent' in opened) return opened;
    inPage.run = opened;
    return undefined;
  }, mode);
  if (absent !== undefined) return absent;
  return {
    checkLaw: (name) => page.evaluate((law) => (globalThis as unknown as InPage).run.checkLaw(law), name),
    replayGoldens: () => page.evaluate(() => (globalThis as unknown as InPage).run.replayGoldens()),
    replayTiles: () => page.evaluate(() => (globalThis as unknown as InPage).run.replayTiles()),
    stepTwoHeads: () => page.evaluate(() => (globalThis as unknown as InPage).run.stepTwoHeads()),
    async dispose() {
      await page.evaluate(() => (globalThis as unknown as InPage).run.dispose());
      await page.close();
    },
  };
}
