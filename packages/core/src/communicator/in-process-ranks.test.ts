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
  await expect(confused).rejects.toThrow('ranks at different calls: barrier, sum of 1');
});

test.each<[string, (communicator: Communicator) => unknown]>([
  [
    'ranks at different calls: sum of 1, sum of 2',
    ({ allReduce, rank }) => allReduce(new Float64Array(1 + rank), 'sum'),
  ],
  [
    'ranks at different calls: broadcast of 1 from 0, broadcast of 1 from 1',
    ({ broadcast, rank }) => broadcast(new Float64Array(1), rank),
  ],
  [
    'rank 0 at two calls at once: barrier, gather',
    ({ barrier, allGather, rank }) =>
      rank === 0 ? Promise.all([barrier(), allGather(new Uint8Array(1))]) : new Promise(() => {}),
  ],
])('%s: all are told', async (message, run) => {
  const ranks = new InProcessRanks(2);
  const all = [0, 1].map(async (rank) => run(ranks.communicator(rank)));
  await expect(all[0]).rejects.toThrow(message);
  if (!message.startsWith('rank 0')) await expect(all[1]).rejects.toThrow(message);
  await expect(ranks.communicator(1).barrier()).rejects.toThrow(message);
});

test('a rank that fails before a call is named to the others, the first of them only; then all begin anew', async () => {
  const fails: (number | undefined)[] = [1, 2];
  const ranks = new InProcessRanks(3, {
    before(rank, call) {
      if (call === 1 && fails.includes(rank)) throw new Error(`out of memory on ${rank}`);
    },
  });
  const communicators = [0, 1, 2].map((rank) => ranks.communicator(rank));
  const ended = await Promise.allSettled(communicators.map((communicator) => communicator.barrier()));
  const named = /^rank 1 of 3, which has failed: out of memory on 1/;
  expect(ended.map((one) => (one as PromiseRejectedResult).reason.message)).toEqual([
    expect.stringMatching(named),
    'out of memory on 1',
    'out of memory on 2',
  ]);
  await expect(communicators[2]!.barrier()).rejects.toThrow(named);
  ranks.recover();
  await Promise.all(communicators.map((communicator) => communicator.barrier()));
});

test('unknown options are refused', () => {
  expect(() => new InProcessRanks(1, { after: () => {} } as never)).toThrow(/'after'/);
});
