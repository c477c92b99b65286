import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runReadmeExample } from '../../../testing/readme-example.ts';

test('the example in the README trains, as it stands', async () => {
  const stdout = await runReadmeExample(fileURLToPath(new URL('..', import.meta.url)));
  const losses = [...stdout.matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(4);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 4);
});
