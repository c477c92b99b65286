import { fileURLToPath } from 'node:url';
import { CHROMIUM, hasChromium, openSite } from '@cf/browser-testing';
import { expect, test } from 'vitest';

type Entry = typeof import('../testing/line-svg-page.ts');

test.skipIf(!hasChromium)(
  `a picture in a page keeps its texts apart, takes the page's colour, and has a name (needs ${CHROMIUM})`,
  async () => {
    const site = await openSite(fileURLToPath(new URL('../testing/line-svg-page.ts', import.meta.url)));
    try {
      const page = await site.open();
      for (const width of [320, 560, 900]) {
        const found = await page.evaluate((given) => {
          const { show, problems } = (globalThis as unknown as { entry: Entry }).entry;
          show(given);
          return problems();
        }, width);
        expect(found, `${width} pixels wide`).toEqual([]);
      }
      const ink = 'rgb(230, 232, 235)';
      const seen = await page.evaluate(
        (given) => (globalThis as unknown as { entry: Entry }).entry.inkOn(given),
        ink,
      );
      expect(seen).toBe(ink);
      expect(await page.getByRole('img', { name: 'ROC of three models', exact: true }).count()).toBe(1);
    } finally {
      await site.close();
    }
  },
);
