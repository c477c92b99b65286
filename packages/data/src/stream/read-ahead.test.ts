import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readAhead } from './read-ahead.ts';

const later = (turns: number): Promise<void> =>
  turns === 0 ? Promise.resolve() : new Promise((done) => setImmediate(() => done(later(turns - 1))));

it('results come in order, with no more begun than are allowed, however long each takes', async () => {
  const delays = fc.array(fc.nat(3), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(delays, fc.integer({ min: 1, max: 6 }), fc.nat(25), async (items, ahead, stopAfter) => {
      let [begun, taken, underWay, closed] = [0, 0, 0, false];
      const source = function* (): Generator<number> {
        try {
          yield* items.keys();
        } finally {
          closed = true;
        }
      };
      const work = async (item: number): Promise<number> => {
        begun++;
        underWay++;
        expect(begun - taken).toBeLessThanOrEqual(ahead + 1);
        await later(items[item]!);
        underWay--;
        return item;
      };
      const results: number[] = [];
      for await (const result of readAhead(source(), ahead, work)) {
        results.push(result);
        taken++;
        if (taken === stopAfter) break;
      }
      expect(results).toEqual([...items.keys()].slice(0, stopAfter === 0 ? items.length : stopAfter));
      expect([underWay, closed]).toEqual([0, true]);
    }),
    { numRuns: 50 },
  );
});

it('a failure comes in its place, after which nothing is begun and nothing runs', async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = async (item: number): Promise<number> => {
    begun.push(item);
    await later(item === 2 ? 0 : 2);
    ended++;
    if (item >= 2) throw new Error(`item ${item}`);
    return item;
  };
  const results: number[] = [];
  const reading = (async () => {
    for await (const result of readAhead([0, 1, 2, 3, 4, 5, 6, 7, 8], 3, work)) results.push(result);
  })();
  await expect(reading).rejects.toThrow('item 2');
  expect(results).toEqual([0, 1]);
  expect(ended).toBe(begun.length);
  expect(begun.length).toBeLessThan(7);
});
