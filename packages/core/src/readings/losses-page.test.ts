import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lossesPage } from './losses-page.ts';

test('LOSSES.md is what the formulas print', () => {
  const committed = readFileSync(new URL('../../LOSSES.md', import.meta.url), 'utf8');
  expect(committed, 'run pnpm print-losses in packages/core').toBe(lossesPage());
});
