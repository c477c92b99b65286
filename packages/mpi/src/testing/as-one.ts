import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { CLASSES, type RankResult, trainedCenters } from './ranks.ts';

/** What the ranks have written. */
export function readResults(folder: string, size: number): readonly RankResult[] {
  return Array.from(
    { length: size },
    (_, rank) => JSON.parse(readFileSync(join(folder, `${rank}.json`), 'utf8')) as RankResult,
  );
}

/** Fails unless ranks on these hosts have exchanged what they should, and trained as one process does. */
export async function requireAsOne(results: readonly RankResult[], hosts: readonly string[]): Promise<void> {
  const size = hosts.length;
  expect(results.map(({ rank }) => rank)).toEqual(hosts.map((_, rank) => rank));
  const { steps, centers } = await trainedCenters([0, CLASSES]);
  for (const result of results) {
    expect(result.size).toBe(size);
    expect(result.hosts).toEqual(hosts);
    expect(result.sum[0]).toBe((size * (size + 1)) / 2);
    expect(result.max).toEqual([0, size - 1].map((value) => value || expect.closeTo(0)));
    expect(result.gathered).toEqual(results.map(({ rank }) => new Array(rank + 1).fill(rank)));
    expect(result.sent).toEqual([size - 1, size - 1]);
    expect(result.steps).toEqual(results[0]!.steps);
    result.steps.forEach(({ loss, state }, k) => {
      expect(Math.abs(loss - steps[k]!.loss)).toBeLessThan(1e-6 * steps[k]!.loss);
      expect(state.values.t).toBeCloseTo(steps[k]!.state.values.t!, 6);
    });
  }
  const all = results.flatMap((result) => result.centers);
  expect(all).toHaveLength(centers.length);
  for (const [k, value] of centers.entries()) expect(Math.abs(all[k]! - value)).toBeLessThan(1e-6);
}
