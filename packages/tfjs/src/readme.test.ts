import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runReadmeExample } from '../../../testing/readme-example.ts';

test('the example in the README trains, as it stands', async () => {
  const stdout = await runReadmeExample(fileURLToPath(new URL('..', import.meta.url)));
  const accuracy = Number(/accuracy ([\d.]+)/.exec(stdout)![1]);
  expect(accuracy).toBeGreaterThan(0.8);
  expect(stdout).toMatch(/state { step: 150, t: 0\.\d+ }/);
  expect(stdout).toContain('embedding [ 100, 16 ]');
});
