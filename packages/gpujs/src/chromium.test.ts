import { fileURLToPath } from 'node:url';
import { CHROMIUM, hasChromium, openSite, type Site } from '@cf/browser-testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Draws, readDraws } from '../../../testing/draws.ts';
import type { GpujsMode } from './gpujs-backend.ts';
import type { ConformanceOutcome, LawOutcome } from './testing/conformance-run.ts';

const MINUTES = 60_000 * readDraws().times;
const everything = process.env.CF_CHROMIUM === 'all';

/** Every how many golden cases: without a GPU, shaders of WebGL take long to compile, a second a case. */
const STRIDES = { webgl2: everything ? 1 : 20, webgpu: 1, webasm: 1 } as const;
const GOLDENS = 339;

/** What the page exports, as seen from here. */
interface Entry {
  stepError(mode: GpujsMode, loss: string): Promise<Record<string, number>>;
  replay(mode: GpujsMode, stride: number): Promise<ConformanceOutcome['goldens']>;
  laws(mode: GpujsMode, draws: Draws, stride: number): Promise<readonly LawOutcome[]>;
}

describe.skipIf(!hasChromium)(`Chromium${hasChromium ? '' : ` (needs ${CHROMIUM})`}`, () => {
  let site: Site;
  let page: Awaited<ReturnType<Site['open']>>;
  beforeAll(async () => {
    site = await openSite(fileURLToPath(new URL('./testing/browser-page.ts', import.meta.url)));
    page = await site.open();
  });
  afterAll(() => site?.close());

  /** Why a mode can't run in this Chromium. */
  async function missing(mode: GpujsMode): Promise<string | undefined> {
    if (mode !== 'webgpu') return undefined;
    const adapter = await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) != null);
    return adapter ? undefined : 'no WebGPU adapter in this Chromium';
  }

  describe.each(['webgl2', 'webgpu', 'webasm'] as const)('mode %s', (mode) => {
    const stride = STRIDES[mode];

    test.for(['curricularface', 'sphereface', 'magface'])(
      'several tiles of %s agree with the float64 reference',
      async (loss, { skip }) => {
        const reason = await missing(mode);
        if (reason !== undefined) return skip(reason);
        const errors = await page.evaluate(
          ([mode, loss]) =>
            (globalThis as unknown as { entry: Entry }).entry.stepError(mode as GpujsMode, loss!),
          [mode, loss],
        );
        for (const [field, error] of Object.entries(errors)) expect(error, field).toBeLessThan(2e-5);
      },
    );

    test(
      stride === 1
        ? `all ${GOLDENS} golden cases within 2e-5`
        : `every ${stride}th golden case within 2e-5 (all with CF_CHROMIUM=all)`,
      async ({ skip }) => {
        const reason = await missing(mode);
        if (reason !== undefined) return skip(reason);
        const goldens = await page.evaluate(
          ([mode, stride]) =>
            (globalThis as unknown as { entry: Entry }).entry.replay(mode as GpujsMode, Number(stride)),
          [mode, stride],
        );
        expect(goldens.cases).toBe(Math.ceil(GOLDENS / stride));
        expect(goldens.passed, goldens.report).toBe(true);
      },
      30 * MINUTES,
    );

    test.skipIf(mode === 'webgl2' && !everything)(
      mode === 'webgl2'
        ? 'all laws, on every fourth loss (with CF_CHROMIUM=all)'
        : 'all laws, on every fourth loss',
      async ({ skip }) => {
        const reason = await missing(mode);
        if (reason !== undefined) return skip(reason);
        const laws = await page.evaluate(
          ([mode, draws]) => (globalThis as unknown as { entry: Entry }).entry.laws(mode, draws, 4),
          [mode, readDraws()] as const,
        );
        expect(laws.length).toBeGreaterThanOrEqual(20);
        for (const { name, error } of laws) expect(error, name).toBeUndefined();
      },
      60 * MINUTES,
    );
  });
});
