import { type Communicator, InProcessRanks } from '@cf/core';
import { expect, test } from 'vitest';
import { UsageError } from '../errors.ts';
import { RanksError } from './ranks-error.ts';
import { type TrainingRanks, withRanks } from './training-ranks.ts';

interface Ended {
  readonly outcomes: readonly PromiseSettledResult<unknown>[];
  /** Ranks that took leave. */
  readonly closed: readonly number[];
  /** Ranks that ended the job, with what they ended it with. */
  readonly aborted: readonly (readonly [rank: number, code: number, reason: string])[];
}

/** Runs work on ranks of one process. */
async function onRanks(
  size: number,
  work: (ranks: TrainingRanks, rank: number) => Promise<unknown>,
): Promise<Ended> {
  const all = new InProcessRanks(size);
  const [closed, aborted]: [number[], [number, number, string][]] = [[], []];
  const engineOf = (rank: number) => {
    const communicator: Communicator = all.communicator(rank);
    return {
      ...communicator,
      hosts: Array.from({ length: size }, () => 'here'),
      abort(code: number, reason: string): never {
        aborted.push([rank, code, reason]);
        const error = new Error(`the job ended: ${reason}`);
        all.fail(error);
        throw error;
      },
      async close() {
        await communicator.barrier();
        closed.push(rank);
      },
    };
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: size }, (_, rank) => withRanks(engineOf(rank), (ranks) => work(ranks, rank))),
  );
  return { outcomes, closed: closed.sort(), aborted };
}

const reasons = ({ outcomes }: Ended): readonly unknown[] =>
  outcomes.map((one) => (one.status === 'rejected' ? one.reason : undefined));

test('what differs is told on every rank, and all take leave', async () => {
  const ended = await onRanks(3, (ranks, rank) =>
    ranks.meet({ epochs: rank === 2 ? '4' : '3', batch: '16', seed: '1' }),
  );
  for (const error of reasons(ended)) {
    expect(error).toBeInstanceOf(RanksError);
    expect(`${error}`).toMatch(/rank 2 \(.*\) with epochs 4, expected epochs 3, as on rank 0/);
  }
  expect(ended).toMatchObject({ closed: [0, 1, 2], aborted: [] });
});

test('long values and many of them are told in part, and one that a rank lacks', async () => {
  const [error] = reasons(
    await onRanks(2, (ranks, rank) =>
      ranks.meet(rank === 0 ? { a: 'x'.repeat(90), b: '1', c: '1', d: '1' } : {}),
    ),
  );
  expect(`${error}`).toMatch(/with a none, b none, c none and 1 more, expected a x{57}…, b 1, c 1, as on/);
});

test('a rank that fails before all have begun lets none of them begin', async () => {
  const begun: number[] = [];
  const ended = await onRanks(3, async (ranks, rank) => {
    await ranks.meet({});
    if (rank === 1) throw new UsageError('a flag', 'another', 'take that.');
    await ranks.meet({});
    begun.push(rank);
  });
  const [first, second, third] = reasons(ended);
  expect(second).toBeInstanceOf(UsageError);
  for (const other of [first, third]) {
    expect(other).toBeInstanceOf(RanksError);
    expect(`${other}`).toMatch(/rank 1 \(.*\), which can't begin: UsageError.*a flag, expected another/);
  }
  expect([begun, ended.closed, ended.aborted]).toEqual([[], [0, 1, 2], []]);
});

test('what each lets the others know comes by rank', async () => {
  const { outcomes } = await onRanks(3, (ranks, rank) =>
    ranks.meet({}, `of ${rank}`).then((words) => {
      ranks.begin();
      return ranks.end(false).then(() => words);
    }),
  );
  for (const one of outcomes) expect(one).toMatchObject({ value: ['of 0', 'of 1', 'of 2'] });
});

test('a rank that fails at work ends the job; the first does at once, others only if it does not', async () => {
  const ofOne = (failing: number) =>
    onRanks(3, async (ranks, rank) => {
      await ranks.meet({});
      ranks.begin();
      if (rank === failing) throw new UsageError('a batch', 'a smaller one', 'take it.');
      await ranks.textOfFirst('');
      return ranks.end(false);
    });
  const [ofFirst, ofLast] = await Promise.all([ofOne(0), ofOne(2)]);
  expect(ofFirst.aborted[0]).toEqual([0, 2, expect.stringContaining('a batch')]);
  expect(ofLast.aborted[0]).toEqual([2, 2, expect.stringContaining('a batch')]);
  expect([ofFirst.closed, ofLast.closed]).toEqual([[], []]);
});

test('told to stop, any rank stops all; afterwards each goes on by itself', async () => {
  const { outcomes, closed, aborted } = await onRanks(2, async (ranks, rank) => {
    ranks.begin();
    const isStopped = await ranks.end(rank === 1);
    if (rank === 0) throw new Error('alone');
    return isStopped;
  });
  expect(outcomes[0]).toMatchObject({ reason: new Error('alone') });
  expect(outcomes[1]).toMatchObject({ value: true });
  expect([closed, aborted]).toEqual([[0, 1], []]);
});

test('interrupted before all have begun, the others are told', async () => {
  const ended = await onRanks(2, async (ranks, rank) => {
    if (rank === 0) return 130;
    await ranks.meet({});
    return 0;
  });
  expect(ended.outcomes[0]).toMatchObject({ value: 130 });
  expect(`${reasons(ended)[1]}`).toMatch(/rank 0 \(.*\), which can't begin: it was interrupted/);
  expect(ended.closed).toEqual([0, 1]);
});
