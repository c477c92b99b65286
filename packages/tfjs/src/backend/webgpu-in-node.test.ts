import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { readDraws } from '../../../../testing/draws.ts';
import { LAWS } from '../testing/some-laws.ts';

const PATIENCE = 1_200_000 * readDraws().times;
/** Chromium's software implementation, for machines without a GPU. Set CF_WEBGPU=1 to run on the system's driver. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const onSystemDriver = process.env.CF_WEBGPU === '1';
/** What the process says where no driver loads. */
const NO_ADAPTER = 'no adapter';
// In software all of them take minutes.
const laws = onSystemDriver || process.env.CF_CHROMIUM === 'all' ? 'all' : 'some';
const present = onSystemDriver || existsSync(SWIFTSHADER);

describe.skipIf(!present)(
  'webgpu in Node (needs a GPU and CF_WEBGPU=1, or SwiftShader from Chromium)',
  () => {
    let runtime = '';
    beforeAll(() => {
      runtime = mkdtempSync(join(tmpdir(), 'cf-webgpu-'));
      return () => rmSync(runtime, { recursive: true, force: true });
    });

    interface Result {
      readonly passed: string[];
      readonly failed: string[];
      readonly text: string;
    }

    function run(...what: readonly string[]): Promise<Result> {
      const script = fileURLToPath(new URL('../testing/webgpu-in-node.ts', import.meta.url));
      const driver = onSystemDriver ? {} : { VK_ICD_FILENAMES: SWIFTSHADER, XDG_RUNTIME_DIR: runtime };
      const env = { ...process.env, ...driver };
      return new Promise((resolve, reject) => {
        execFile(
          process.execPath,
          [script, ...what],
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

    test(
      'meets 2e-5 on all 339 golden cases',
      async ({ skip }) => {
        const { failed, text } = await run('goldens');
        // Without libvulkan, a driver is no use.
        skip(text === NO_ADAPTER, text);
        console.log(text);
        expect(failed, text).toEqual([]);
        expect(text).toContain('339 cases');
      },
      PATIENCE,
    );

    test(
      `obeys the laws: ${laws} (CF_CHROMIUM=all: all)`,
      async ({ skip }) => {
        const { failed, passed, text } = await run('laws', laws);
        skip(text === NO_ADAPTER, text);
        expect(failed).toEqual([]);
        if (laws === 'all') expect(passed.length).toBeGreaterThanOrEqual(20);
        else expect(passed).toHaveLength(LAWS.length);
      },
      PATIENCE,
    );
  },
);
