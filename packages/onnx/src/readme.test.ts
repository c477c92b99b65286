import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operatorsSection, withOperators } from './testing/operators-table.ts';

test('the table of operators in FEATURES.md is what is printed', async () => {
  const committed = readFileSync(new URL('../../../FEATURES.md', import.meta.url), 'utf8');
  expect(committed, 'run pnpm print-operators in packages/onnx').toBe(
    withOperators(committed, await operatorsSection()),
  );
  expect(committed).toContain('<!-- operators -->');
});
