import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TestSpecification } from 'vitest/node';
import { LONG, LongFilesFirst } from './long-files-first.ts';

test('the files that are long are there, and come before others, however large', async () => {
  const root = join(import.meta.dirname, '..');
  expect(LONG.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  const names = ['testing/other.test.ts', LONG[1]!, LONG[0]!];
  const files = names.map((name) => ({
    moduleId: join(root, name),
    project: { name: '', config: { sequence: { groupOrder: 0 } } },
  }));
  // Nothing is known of earlier runs.
  const cache = new Proxy({}, { get: () => () => undefined });
  const context = { config: { root }, cache };
  const sorted = await new LongFilesFirst(context as never).sort(files as unknown as TestSpecification[]);
  expect(sorted.map(({ moduleId }) => moduleId)).toEqual(
    [LONG[0]!, LONG[1]!, 'testing/other.test.ts'].map((name) => join(root, name)),
  );
});
