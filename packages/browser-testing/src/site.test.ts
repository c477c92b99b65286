import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, hasChromium } from './chromium.ts';
import { openSite } from './site.ts';

describe.skipIf(!hasChromium)(`a module in Chromium (needs ${CHROMIUM})`, () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cf-site-test-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('is bundled, opened and isolated; folders stand beside it', async () => {
    const entry = join(folder, 'page.ts');
    await writeFile(join(folder, 'other.ts'), 'export const two: number = 2;\n');
    await writeFile(
      entry,
      "import { two } from './other.ts';\nconsole.log('two is', two);\nexport const isolated: boolean = crossOriginIsolated;\nexport const text: () => Promise<string> = async () => (await fetch('/more/a.txt')).text();\n",
    );
    await mkdir(join(folder, 'more'));
    await writeFile(join(folder, 'more', 'a.txt'), 'beside');
    const told: string[] = [];
    const site = await openSite(entry, {
      folders: { '/more/': join(folder, 'more') },
      onConsole: (line) => told.push(line),
    });
    try {
      const page = await site.open();
      const answer = await page.evaluate(async () => {
        const { isolated, text } = (
          globalThis as unknown as { entry: { isolated: boolean; text: () => Promise<string> } }
        ).entry;
        return [isolated, await text()];
      });
      expect(answer).toEqual([true, 'beside']);
      expect(told).toEqual(['two is 2']);
      const missing = await page.evaluate(async () => (await fetch('/more/none.txt')).status);
      expect(missing).toBe(404);
    } finally {
      await site.close();
    }
  });

  test('that throws is told', async () => {
    const entry = join(folder, 'broken.ts');
    await writeFile(entry, "throw new Error('broken on purpose');\n");
    const site = await openSite(entry);
    try {
      await expect(site.open()).rejects.toThrow('broken on purpose');
    } finally {
      await site.close();
    }
  });
});
