import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Head, HeadInput, HeadOutput } from '../head/contract.ts';
import { NO_TARGET } from '../head/phases/target-points.ts';
import type { LossParameters } from '../losses/loss-definition.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { createLoss } from '../losses/registry.ts';
import { keyedNormal } from '../random/margin-draws.ts';
import { referenceBackend } from '../reference/reference-backend.ts';
import type { LossState } from '../state/loss-state.ts';
import { InProcessRanks, type InProcessRanksOptions } from './in-process-ranks.ts';

const [BATCH, CLASSES, DIM, STEPS] = [4, 6, 3, 2];

const drawn = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => keyedNormal(seed, 0, i));

/** Where the last class of each shard ends; some shards have none. */
const cuts = fc
  .array(fc.integer({ min: 0, max: CLASSES }), { maxLength: 6 })
  .map((ends) => [...ends.sort((a, b) => a - b), CLASSES]);

interface Problem {
  readonly loss: MarginLoss;
  readonly subCenters: number;
}

function inputOf({ loss, subCenters }: Problem, step: number, state: LossState | undefined): HeadInput {
  return {
    embeddings: drawn(BATCH * DIM, 10 + step),
    weights: drawn(CLASSES * subCenters * DIM, 20 + step),
    labels: Array.from({ length: BATCH }, (_, i) => (5 * i + step) % CLASSES),
    dim: DIM,
    state,
    ...(loss.bias ? { bias: drawn(loss.bias.of === 'all classes' ? 1 : CLASSES, 3) } : {}),
  };
}

/** A head on each of some ranks. */
class Shards {
  readonly ranks: InProcessRanks;
  readonly #problem: Problem;
  readonly #ends: readonly number[];
  readonly #heads: readonly Head[];

  private constructor(
    problem: Problem,
    ends: readonly number[],
    ranks: InProcessRanks,
    heads: readonly Head[],
  ) {
    this.#problem = problem;
    this.#ends = ends;
    this.ranks = ranks;
    this.#heads = heads;
  }

  static async open(
    problem: Problem,
    ends: readonly number[],
    options?: InProcessRanksOptions,
  ): Promise<Shards> {
    const ranks = new InProcessRanks(ends.length, options);
    const heads = ends.map((_, rank) =>
      referenceBackend().createHead(problem.loss, {
        communicator: ranks.communicator(rank),
        firstClass: ends[rank - 1] ?? 0,
        subCenters: problem.subCenters,
      }),
    );
    return new Shards(problem, ends, ranks, await Promise.all(heads));
  }

  /** The steps of each rank, which goes on as soon as it can. */
  run(): readonly Promise<readonly HeadOutput[]>[] {
    const row = DIM * this.#problem.subCenters;
    return this.#heads.map(async (head, rank) => {
      const [from, to] = [this.#ends[rank - 1] ?? 0, this.#ends[rank]!];
      const outputs: HeadOutput[] = [];
      for (let step = 0; step < STEPS; step++) {
        const whole = inputOf(this.#problem, step, outputs.at(-1)?.state);
        const output = await head.step({
          ...whole,
          weights: whole.weights.slice(from * row, to * row),
          labels: Array.from(whole.labels, (c) => (c >= from && c < to ? c - from : NO_TARGET)),
          ...(this.#problem.loss.bias?.of === 'each class' ? { bias: whole.bias!.slice(from, to) } : {}),
        });
        outputs.push(output);
      }
      return outputs;
    });
  }
}

async function wholeSteps({ loss, subCenters }: Problem): Promise<readonly HeadOutput[]> {
  const head = await referenceBackend().createHead(loss, { subCenters });
  const outputs: HeadOutput[] = [];
  for (let step = 0; step < STEPS; step++)
    outputs.push(await head.step(inputOf({ loss, subCenters }, step, outputs.at(-1)?.state)));
  return outputs;
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual).toHaveLength(expected.length);
  const size = Math.max(1, ...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-9 * size);
}

function expectTheWhole(
  all: readonly (readonly HeadOutput[])[],
  whole: readonly HeadOutput[],
  { bias }: MarginLoss,
): void {
  for (const [step, expected] of whole.entries()) {
    const shards = all.map((outputs) => outputs[step]!);
    const joined = (part: (output: HeadOutput) => ArrayLike<number>): number[] =>
      shards.flatMap((output) => Array.from(part(output)));
    for (const { loss, losses, gradEmbeddings, state } of shards) {
      expectClose([loss, ...losses], [expected.loss, ...expected.losses]);
      expectClose(gradEmbeddings, expected.gradEmbeddings);
      expect(Object.keys(state.values)).toEqual(Object.keys(expected.state.values));
      expectClose(Object.values(state.values), Object.values(expected.state.values));
      // The same bits everywhere.
      const [first] = shards;
      expect([loss, losses, gradEmbeddings, state]).toEqual([
        first!.loss,
        first!.losses,
        first!.gradEmbeddings,
        first!.state,
      ]);
    }
    expectClose(
      joined(({ gradWeights }) => gradWeights),
      expected.gradWeights,
    );
    // Of a bias that all share every shard has the whole gradient.
    if (bias?.of === 'all classes')
      for (const { gradBias } of shards) expectClose(gradBias!, expected.gradBias!);
    if (bias?.of === 'each class')
      expectClose(
        joined(({ gradBias }) => gradBias!),
        expected.gradBias!,
      );
  }
}

/** Comes in the order of the scheduler, after so many turns of microtasks and, now and then, of timers. */
function late(
  scheduler: fc.Scheduler,
  delays: Iterator<number>,
): (rank: number, call: number) => Promise<void> {
  return async (rank, call) => {
    const turns = delays.next().value as number;
    for (let turn = 0; turn < turns % 4; turn++) await undefined;
    if (turns === 7) await new Promise((resolve) => setTimeout(resolve, 1));
    await scheduler.schedule(Promise.resolve(), `rank ${rank} comes to call ${call}`);
  };
}

/** Runs what is scheduled until all have ended; one that never does is an error. */
async function ended<Result>(
  scheduler: fc.Scheduler,
  all: readonly Promise<Result>[],
): Promise<readonly PromiseSettledResult<Result>[]> {
  let over: readonly PromiseSettledResult<Result>[] | undefined;
  void Promise.allSettled(all).then((results) => {
    over = results;
  });
  // A timer of a rank takes less than this many turns.
  for (let turn = 0; over === undefined && turn < 200; turn++) {
    await scheduler.waitIdle();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (over === undefined) throw new Error('a rank waits without end');
  return over;
}

const delays = fc.infiniteStream(fc.integer({ min: 0, max: 7 }));

describe.each<[string, LossParameters, number]>([
  ['curricularface', { scale: 8 }, 1],
  ['arcface', { scale: 8 }, 1],
  ['sphereface2', {}, 1],
  ['bce-face', { scale: 8 }, 1],
  ['curricularface', { scale: 8 }, 3],
])('ranks that come late and in any order: %s %j, %d sub-centers', (name, parameters, subCenters) => {
  const problem = { loss: createLoss(name, parameters), subCenters };

  test('are the whole head, with the same bits in every order', async () => {
    const whole = await wholeSteps(problem);
    await fc.assert(
      fc.asyncProperty(cuts, fc.scheduler(), delays, async (ends, scheduler, turns) => {
        const inOrder = await Promise.all((await Shards.open(problem, ends)).run());
        const shards = await Shards.open(problem, ends, { before: late(scheduler, turns) });
        const results = await ended(scheduler, shards.run());
        const all = results.map((one) => (one as PromiseFulfilledResult<readonly HeadOutput[]>).value);
        expectTheWhole(all, whole, problem.loss);
        expect(all).toEqual(inOrder);
      }),
      { numRuns: 25 },
    );
  });

  test('all end where one fails, by an error that names it, and begin anew', async () => {
    const whole = await wholeSteps(problem);
    let calls = 0;
    const counted = await Shards.open(problem, [CLASSES], {
      before(_, call) {
        calls = call;
      },
    });
    await Promise.all(counted.run());
    const where = fc.record({ rank: fc.nat(), call: fc.integer({ min: 1, max: calls }) });
    await fc.assert(
      fc.asyncProperty(cuts, fc.scheduler(), delays, where, async (ends, scheduler, turns, failing) => {
        const failed = failing.rank % ends.length;
        const cause = new Error('out of memory');
        const wait = late(scheduler, turns);
        const shards = await Shards.open(problem, ends, {
          async before(rank, call) {
            await wait(rank, call);
            if (rank === failed && call === failing.call) throw cause;
          },
        });
        for (const [rank, result] of (await ended(scheduler, shards.run())).entries()) {
          const { reason } = result as PromiseRejectedResult;
          if (rank === failed) {
            expect(reason).toBe(cause);
            continue;
          }
          expect(reason.cause).toBe(cause);
          expect(reason.message).toContain(
            `rank ${failed} of ${ends.length}, which has failed: out of memory`,
          );
        }
        shards.ranks.recover();
        const again = await ended(scheduler, shards.run());
        const all = again.map((one) => (one as PromiseFulfilledResult<readonly HeadOutput[]>).value);
        expectTheWhole(all, whole, problem.loss);
      }),
      { numRuns: 25 },
    );
  });
});
