import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { embeddedGoldens } from '../goldens/embedded.ts';
import { featuresPage } from './features-page.ts';

test('FEATURES.md is what is printed', async () => {
  const committed = readFileSync(new URL('../../../../FEATURES.md', import.meta.url), 'utf8');
  const [losses] = committed.split('\n<!-- operators -->');
  expect(losses, 'run pnpm print-features in packages/conformance').toBe(
    featuresPage(await embeddedGoldens()),
  );
});

test('a loss without goldens and without laws would show it', async () => {
  const { cases } = await embeddedGoldens();
  const page = featuresPage({ cases: cases.filter(({ loss }) => loss !== 'adacos') });
  expect(page).toMatch(/\| adacos \|.*\| laws in 3 forms \|/);
});
