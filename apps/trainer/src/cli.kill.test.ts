import { expect, it } from 'vitest';
import { killRuns } from './testing/kill-runs.ts';

// `node scripts/kill-test.mjs --times 200` does so for minutes.
it('a training that is killed again and again goes on to the same bits every time', async () => {
  const { kills, finished } = await killRuns({ times: 8, seed: 1, epochs: 8 });
  expect(kills).toBe(8);
  expect(finished).toBeGreaterThan(0);
});
