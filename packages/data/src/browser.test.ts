import { fileURLToPath } from 'node:url';
import { CHROMIUM, hasChromium, openSite } from '@cf/browser-testing';
import { expect, test } from 'vitest';
import * as data from './index.ts';

type Entry = typeof import('./testing/page.ts');

test.skipIf(!hasChromium)(
  `what '@cf/data' offers works in a page, without Node (needs ${CHROMIUM})`,
  async () => {
    const site = await openSite(fileURLToPath(new URL('testing/page.ts', import.meta.url)));
    try {
      const page = await site.open();
      const seen = await page.evaluate(async () => {
        const { names, throughCanvas } = (globalThis as unknown as { entry: Entry }).entry;
        return { names, batch: await throughCanvas() };
      });
      expect(seen.names).toEqual(Object.keys(data).sort());
      const [red, green] = [seen.batch[0]!, seen.batch[64]!];
      expect(Math.abs(red - 255)).toBeLessThan(10);
      expect(green).toBeLessThan(10);
      // A JPEG does not give the red back as it was.
      expect([red, green]).not.toEqual([255, 0]);
    } finally {
      await site.close();
    }
  },
);
