import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { CHROMIUM, hasChromium, openSite } from '@cf/browser-testing';
import { expect, test } from 'vitest';
import { distancesInPage } from './browser-page.ts';

const PATIENCE = 600_000;

type InPage = { entry: { distancesInPage: typeof distancesInPage } };

function expectNear(distances: Readonly<Record<string, number>>): void {
  expect(Object.keys(distances)).toContain('state.t');
  for (const [name, distance] of Object.entries(distances)) expect(distance, name).toBeLessThan(1e-10);
}

test('the loop trains in Node', async () => {
  expectNear(await distancesInPage());
});

test('the loop trains in a worker', async () => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url));
  const [distances] = (await once(worker, 'message')) as [Record<string, number>];
  expectNear(distances);
  await worker.terminate();
});

test.skipIf(!hasChromium)(
  `the loop trains in a page (needs ${CHROMIUM})`,
  async () => {
    const site = await openSite(fileURLToPath(new URL('./browser-page.ts', import.meta.url)));
    try {
      const page = await site.open();
      expectNear(await page.evaluate(() => (globalThis as unknown as InPage).entry.distancesInPage()));
    } finally {
      await site.close();
    }
  },
  PATIENCE,
);
