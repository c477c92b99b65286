import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

/** Chromium's software implementation, for machines without a GPU. Set CF_WEBGPU=1 to run on the system's driver. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const onSystemDriver = process.env.CF_WEBGPU === '1';
/** In software a case takes a second: by default every fourth is replayed, with CF_ALL_GOLDENS=1 each. */
const STRIDE = process.env.CF_ALL_GOLDENS === '1' ? 1 : 4;
const present = onSystemDriver || existsSync(SWIFTSHADER);

describe.skipIf(!present)(
  'webgpu in Node (needs a GPU and CF_WEBGPU=1, or SwiftShader from Chromium)',
  () => {
    const runtime = mkdtempSync(join(tmpdir(), 'cf-webgpu-'));
    afterAll(() => rmSync(runtime, { recursive: true, force: true }));

    interface Result {
      readonly passed: string[];
      readonly failed: string[];
      readonly text: string;
    }

    function run(what: 'goldens' | 'laws'): Promise<Result> {
      const script = fileURLToPath(new URL('./testing/webgpu-in-node.ts', import.meta.url));
      const driver = onSystemDriver ? {} : { VK_ICD_FILENAMES: SWIFTSHADER, XDG_RUNTIME_DIR: runtime };
      const env = { ...process.env, ...driver };
      return new Promise((resolve, reject) => {
        execFile(
          process.execPath,
          [script, what, String(STRIDE)],
          { env, maxBuffer: 2 ** 24 },
          (error, stdout, stderr) => {
            const line = stdout.split('\n').findLast((text) => text.startsWith('{'));
            // Dawn may crash after the work is done.
            if (line === undefined) reject(error ?? new Error(stderr));
            else resolve(JSON.parse(line) as Result);
          },
        );
      });
    }

    test(`meets 2e-5 on golden cases: ${220 / STRIDE} of 220 (CF_ALL_GOLDENS=1: all)`, async () => {
      const { failed, text } = await run('goldens');
      console.log(text);
      expect(failed, text).toEqual([]);
      expect(text).toContain(`${220 / STRIDE} cases`);
    }, 600_000);

    test('obeys the laws, one run each for one loss of each geometry', async () => {
      const { failed, passed } = await run('laws');
      expect(failed).toEqual([]);
      expect(passed.length).toBeGreaterThanOrEqual(6);
    }, 600_000);
  },
);
