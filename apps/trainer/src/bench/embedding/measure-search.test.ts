import { expect, it } from 'vitest';
import { formatSearch, measureSearch } from './measure-search.ts';

it('measures a search, and a threshold and scored pairs where they are asked for', () => {
  const task = { rows: 64, dim: 4, runs: 1, threshold: false, pairs: 0 };
  expect(formatSearch(measureSearch(task))).toMatch(
    /^64 × 4 numbers, made ready in .* ms\none picture: .* ms; each of four together: .* ms$/,
  );
  const all = measureSearch({ ...task, threshold: true, pairs: 1000 });
  // 16 people of four pictures.
  expect(all.thresholdOf!.impostorPairs).toBe((64 * 63) / 2 - 16 * 6);
  expect(formatSearch(all)).toMatch(
    /\nthreshold of 1,920 impostor pairs: \d+\.\d s\nfigures of 1,000 scored pairs: \d+\.\d s$/,
  );
});
