import { describe, expect, it } from 'vitest';
import { mapLimited } from './map-limited.ts';

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('mapLimited', () => {
  it('keeps order and limit', async () => {
    let running = 0;
    let most = 0;
    const results = await mapLimited([5, 1, 3, 2, 4], 2, async (item, index) => {
      most = Math.max(most, ++running);
      await pause(item);
      running--;
      return [item, index];
    });
    expect(results).toEqual([
      [5, 0],
      [1, 1],
      [3, 2],
      [2, 3],
      [4, 4],
    ]);
    expect(most).toBe(2);
    expect(await mapLimited([], 3, async () => 1)).toEqual([]);
  });

  it('starts nothing after a failure and waits for what runs', async () => {
    let begun = 0;
    let ended = 0;
    const work = mapLimited([0, 1, 2, 3, 4, 5], 2, async (item) => {
      begun++;
      await pause(item === 0 ? 1 : 8);
      ended++;
      if (item === 0) throw new Error('zero');
    });
    await expect(work).rejects.toThrow('zero');
    expect([begun, ended]).toEqual([2, 2]);
  });
});
