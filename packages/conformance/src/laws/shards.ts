import {
  type Backend,
  BackendError,
  createRandom,
  type Head,
  type HeadOutput,
  InProcessRanks,
  type MarginLoss,
  reasonOf,
} from '@cf/core';
import fc from 'fast-check';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { buildProblem } from '../problems/problem.ts';
import { type Law, problemLaw, requireClose, requireSameOutput, stepOnce, type Trial } from './law.ts';

const MOST_SHARDS = 7;

/** Classes may lie on several heads, some of them empty, and nothing changes. */
export const shardsAreTheWhole: Law = problemLaw(
  'a head split by class over 1 to 7 shards is the whole, with the same bits of its state on all; or it refuses shards',
  async (trial) => {
    const { backend, loss, spec } = trial;
    if (!backend.sharded) return requireRefusal(backend, loss);
    const subCenters = 1 + (spec.seed % 2);
    const input = buildProblem(spec, loss, subCenters);
    fc.pre(kinkDistance(loss, input, { subCenters }) > 1e-5);
    const cuts = cutsOf(spec.seed, spec.classes);
    const whole = await stepOnce(backend, loss, input, { subCenters });
    const shards = await shardedStep({ backend, loss, input, subCenters }, cuts);
    requireSameOutput({ ...trial, input }, joined(shards, loss.bias?.of === 'all classes'), whole);
    // A survey sums over the negatives of each shard by itself, in the backend's precision.
    const surveyed = loss.surveyScale !== undefined && backend.precision === 'float32';
    const slack = surveyed ? 1e-5 : 1e-12;
    for (const { state, diagnostics } of shards) {
      for (const [name, value] of Object.entries(whole.state.values)) {
        requireClose(
          `state.${name} beside the whole`,
          [state.values[name]!],
          [value],
          slack * Math.abs(value),
        );
        if (!Object.is(state.values[name], shards[0]!.state.values[name]))
          throw new Error(`state.${name} = ${state.values[name]} and ${shards[0]!.state.values[name]}`);
      }
      for (const [name, values] of Object.entries(whole.state.classValues ?? {})) {
        const own = state.classValues?.[name] ?? [];
        requireClose(
          `state.${name} beside the whole`,
          own,
          values,
          slack * Math.max(1, ...values.map(Math.abs)),
        );
        if (own.some((value, c) => !Object.is(value, shards[0]!.state.classValues![name]![c])))
          throw new Error(`state.${name} is not the same on all shards`);
      }
      const share = whole.diagnostics.hardShare;
      requireClose('hardShare', [diagnostics.hardShare ?? -1], [share ?? -1], 1e-12);
    }
  },
);

/** Where the shards end, the last one included; equal neighbours leave a shard empty. */
function cutsOf(seed: number, classes: number): readonly number[] {
  const random = createRandom(seed);
  const shards = 1 + Math.floor(MOST_SHARDS * random.uniform());
  const cuts = Array.from({ length: shards - 1 }, () => Math.floor((classes + 1) * random.uniform()));
  return [...cuts.sort((a, b) => a - b), classes];
}

/** Each trial of the law beside it opens heads of its own, so that there are few. */
const FAILURES_PER_LOSS = 2;
/** Each head meets at least so often in a step. */
const FEWEST_MEETINGS = 5;
/** Seconds; for a device that compiles. */
const PATIENCE = 120;

/** Nobody waits for a shard that has failed, and no head is the worse for it. */
export const failedShardsEnd: Law = problemLaw(
  'where a shard fails on its way to any meeting, the step ends on all by an error that names it, and the next is as good',
  async (trial) => {
    const { backend, loss, spec } = trial;
    if (!backend.sharded) return;
    const input = buildProblem(spec, loss);
    fc.pre(kinkDistance(loss, input) > 1e-5);
    const whole = await stepOnce(backend, loss, input);
    const cuts = cutsOf(spec.seed, spec.classes);
    const failing = { rank: spec.seed % cuts.length, call: 1 + (spec.seed % FEWEST_MEETINGS) };
    const shards = await openShards({ backend, loss, input, failing }, cuts);
    try {
      const ended = await withinTime(Promise.allSettled(shards.step()));
      const named = `rank ${failing.rank} of ${cuts.length}, which has failed`;
      ended.forEach((result, rank) => {
        if (result.status === 'fulfilled') throw new Error(`shard ${rank} went on without ${failing.rank}`);
        const { reason } = result;
        if (rank === failing.rank ? reason === FAILURE : reasonOf(reason).includes(named)) return;
        throw new Error(`shard ${rank} ended by: ${reasonOf(reason)}`, { cause: reason });
      });
      shards.ranks.recover();
      const outputs = await withinTime(Promise.all(shards.step()));
      requireSameOutput({ ...trial, input }, joined(outputs, loss.bias?.of === 'all classes'), whole);
    } finally {
      shards.dispose();
    }
  },
  { numRuns: FAILURES_PER_LOSS },
);

const FAILURE: Error = new Error('a shard has failed, as it was told to');

/** Rejects where some shard waits without end. */
async function withinTime<Result>(result: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a shard waits for ${PATIENCE} s`)), 1000 * PATIENCE);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Shards {
  readonly ranks: InProcessRanks;
  /** The same step on each. */
  step(): readonly Promise<HeadOutput>[];
  dispose(): void;
}

/** Heads that come to their meetings late and in any order; one of them may fail once. */
async function openShards(
  {
    backend,
    loss,
    input,
    subCenters = 1,
    failing,
  }: Pick<Trial, 'backend' | 'loss' | 'input'> & {
    readonly subCenters?: number;
    readonly failing?: { readonly rank: number; readonly call: number };
  },
  cuts: readonly number[],
): Promise<Shards> {
  const random = createRandom(cuts.length);
  const ranks = new InProcessRanks(cuts.length, {
    async before(rank, call) {
      for (let turns = Math.floor(4 * random.uniform()); turns > 0; turns--) await undefined;
      if (rank === failing?.rank && call === failing.call) throw FAILURE;
    },
  });
  const row = input.dim * subCenters;
  const heads: Head[] = [];
  for (const index of cuts.keys()) {
    const firstClass = cuts[index - 1] ?? 0;
    heads.push(
      await backend.createHead(loss, { communicator: ranks.communicator(index), firstClass, subCenters }),
    );
  }
  const step = async (head: Head, index: number): Promise<HeadOutput> => {
    const [from, to] = [cuts[index - 1] ?? 0, cuts[index]!];
    try {
      return await head.step({
        ...input,
        weights: input.weights.slice(from * row, to * row),
        ...(input.bias === undefined
          ? {}
          : { bias: loss.bias?.of === 'all classes' ? input.bias : input.bias.slice(from, to) }),
        labels: Array.from(input.labels, (label) => (label >= from && label < to ? label - from : -1)),
      });
    } catch (error) {
      ranks.fail(error, index);
      throw error;
    }
  };
  return {
    ranks,
    step: () => heads.map(step),
    dispose() {
      for (const head of heads) head.dispose();
    },
  };
}

async function shardedStep(
  problem: Parameters<typeof openShards>[0],
  cuts: readonly number[],
): Promise<readonly HeadOutput[]> {
  const shards = await openShards(problem, cuts);
  try {
    return await Promise.all(shards.step());
  } finally {
    shards.dispose();
  }
}

function joined(shards: readonly HeadOutput[], shared: boolean): HeadOutput {
  const concatenate = (parts: readonly ArrayLike<number>[]): Float64Array =>
    Float64Array.from(parts.flatMap((part) => Array.from(part)));
  const { gradBias } = shards[0]!;
  return {
    ...shards[0]!,
    gradWeights: concatenate(shards.map(({ gradWeights }) => gradWeights)),
    gradBias: gradBias && !shared ? concatenate(shards.map((shard) => shard.gradBias!)) : gradBias,
  };
}

async function requireRefusal(backend: Backend, loss: MarginLoss): Promise<void> {
  const communicator = new InProcessRanks(1).communicator(0);
  try {
    (await backend.createHead(loss, { communicator })).dispose();
  } catch (error) {
    if (error instanceof BackendError) return;
    throw error;
  }
  throw new Error('a communicator was given and passed over in silence');
}
