import {
  type Backend,
  BackendError,
  createRandom,
  type HeadInput,
  type HeadOutput,
  InProcessRanks,
  type MarginLoss,
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
    const shards = await shardedStep({ backend, loss, input }, cuts, subCenters);
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

async function shardedStep(
  { backend, loss, input }: Pick<Trial, 'backend' | 'loss' | 'input'>,
  cuts: readonly number[],
  subCenters: number,
): Promise<readonly HeadOutput[]> {
  const row = input.dim * subCenters;
  const group = new InProcessRanks(cuts.length);
  const steps = cuts.map(async (to, index) => {
    const from = cuts[index - 1] ?? 0;
    const own: HeadInput = {
      ...input,
      weights: input.weights.slice(from * row, to * row),
      ...(input.bias === undefined
        ? {}
        : { bias: loss.bias?.of === 'all classes' ? input.bias : input.bias.slice(from, to) }),
      labels: Array.from(input.labels, (label) => (label >= from && label < to ? label - from : -1)),
    };
    try {
      return await stepOnce(backend, loss, own, {
        communicator: group.communicator(index),
        firstClass: from,
        subCenters,
      });
    } catch (error) {
      group.fail(error);
      throw error;
    }
  });
  return Promise.all(steps);
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
