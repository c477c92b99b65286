import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Communicator } from './communicator.ts';
import { InProcessRanks } from './in-process-ranks.ts';

/** Runs the same on all ranks, which come in any order. */
async function onAll<Result>(
  size: number,
  run: (communicator: Communicator) => Promise<Result>,
  order: readonly number[] = Array.from({ length: size }, (_, rank) => rank),
): Promise<Result[]> {
  const ranks = new InProcessRanks(size);
  const results = new Map<number, Promise<Result>>();
  for (const rank of order) results.set(rank, run(ranks.communicator(rank)));
  return Promise.all(Array.from({ length: size }, (_, rank) => results.get(rank)!));
}

test('sums and largest are the same bits on all ranks, whoever comes first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 7 }),
      fc.infiniteStream(fc.double({ min: -1e3, max: 1e3, noNaN: true })),
      fc.nat(),
      async (size, numbers, turn) => {
        const own = Array.from({ length: size }, () =>
          Float64Array.from({ length: 3 }, () => numbers.next().value as number),
        );
        const order = Array.from({ length: size }, (_, k) => (k + turn) % size);
        for (const operation of ['sum', 'max'] as const) {
          const all = await onAll(
            size,
            async (communicator) => {
              const values = own[communicator.rank]!.slice();
              await communicator.allReduce(values, operation);
              return values;
            },
            order,
          );
          const joined = own.reduce((a, b) =>
            a.map((value, i) => (operation === 'sum' ? value + b[i]! : Math.max(value, b[i]!))),
          );
          for (const values of all) expect(values).toEqual(joined);
        }
      },
    ),
  );
});

test('all have what each has, of any length, and what one has', async () => {
  const gathered = await onAll(3, async (communicator) =>
    communicator.allGather(new Uint8Array(communicator.rank).fill(communicator.rank)),
  );
  for (const all of gathered) expect(all.map((part) => [...part])).toEqual([[], [1], [2, 2]]);
  const sent = await onAll(3, async (communicator) => {
    const values = Float32Array.of(communicator.rank);
    await communicator.broadcast(values, 2);
    await communicator.barrier();
    return values[0];
  });
  expect(sent).toEqual([2, 2, 2]);
});

test('nobody waits for a rank that has failed, nor goes on where ranks do different things', async () => {
  const ranks = new InProcessRanks(2);
  const waiting = ranks.communicator(0).barrier();
  ranks.fail(new Error('rank 1 is gone'));
  await expect(waiting).rejects.toThrow('rank 1 is gone');
  await expect(ranks.communicator(0).barrier()).rejects.toThrow('rank 1 is gone');
  const confused = onAll(2, async (communicator) =>
    communicator.rank === 0 ? communicator.barrier() : communicator.allReduce(new Float64Array(1), 'sum'),
  );
  await expect(confused).rejects.toThrow('ranks at different calls: barrier, sum');
});
