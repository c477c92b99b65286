import { createLoss, InProcessRanks, referenceBackend, type SampledHeadOptions, sampledHead } from '@cf/core';
import { describe, expect, test } from 'vitest';
import type { Learner } from '../learner/learner.ts';
import { linearLearner } from '../testing/linear-learner.ts';
import { type LinearTask, linearOptions, linearSamples, linearTask } from '../testing/linear-task.ts';
import type { StepMetrics } from './events.ts';
import { shareOf } from './rank-shares.ts';
import { events, metricsOf, open, stored } from './testing.ts';
import { train } from './train.ts';
import type { TrainingState } from './training-state.ts';
import type { TrainingOptions } from './training-task.ts';

interface Rank {
  readonly metrics: readonly StepMetrics[];
  readonly state: TrainingState;
}

/** Trains on several ranks in one process. @param sampled of heads that see a part of the classes */
async function onRanks(
  task: LinearTask,
  size: number,
  changes: Partial<TrainingOptions> = {},
  sampled?: SampledHeadOptions,
): Promise<readonly Rank[]> {
  const ranks = new InProcessRanks(size);
  const run = async (rank: number): Promise<Rank> => {
    const communicator = ranks.communicator(rank);
    const { from } = shareOf(task.classes, communicator);
    const { subCenters } = task;
    const options = { communicator, firstClass: from, subCenters };
    const head = await (sampled === undefined
      ? referenceBackend().createHead(task.loss, options)
      : sampledHead(referenceBackend(), task.loss, { ...sampled, ...options }));
    const metrics: StepMetrics[] = [];
    let state: TrainingState | undefined;
    for await (const event of train({
      learner: linearLearner(task),
      head,
      samples: linearSamples(task),
      options: { ...linearOptions(task, 'float64'), ...changes },
      ranks: communicator,
    })) {
      if (event.type === 'step') metrics.push(event.metrics);
      if (event.type === 'checkpoint') ({ state } = event);
    }
    return { metrics, state: state! };
  };
  return Promise.all(
    Array.from({ length: size }, (_, rank) =>
      run(rank).catch((error: unknown) => {
        ranks.fail(error);
        throw error;
      }),
    ),
  );
}

describe.each([1, 2, 3, 5])('%d ranks', (size) => {
  test.each<[string, Partial<LinearTask>, Partial<TrainingOptions>]>([
    ['curricularface', {}, {}],
    ['curricularface', { accumulate: 2 }, { update: 'fused', clipCenters: { by: 'norm', limit: 0.1 } }],
    ['adaface', { subCenters: 2 }, { clipCenters: { by: 'norm', limit: 0.1 } }],
    ['softmax', {}, {}],
    ['sphereface2', {}, {}],
  ])('train %s %j %j as one, with the same bits on all', async (name, changes, options) => {
    const loss = createLoss(name, name === 'softmax' || name === 'sphereface2' ? {} : { scale: 8 });
    const task = linearTask(loss, changes);
    const one = await events(await open(options, task));
    const expected = stored(one);
    const all = await onRanks(task, size, options);
    const close = (actual: ArrayLike<number>, wanted: ArrayLike<number>): void =>
      expect(Array.from(actual)).toEqual(Array.from(wanted, (value) => expect.closeTo(value, 9)));
    for (const { metrics, state } of all) {
      close(
        metrics.map((step) => step.loss),
        metricsOf(one).map((step) => step.loss),
      );
      expect(metrics.map((step) => step.loss)).toEqual(all[0]!.metrics.map((step) => step.loss));
      expect(state.lossState).toEqual(all[0]!.state.lossState);
      for (const [key, { data }] of state.learner) close(data, expected.tensors.get(`learner/${key}`)!.data);
    }
    close(
      all.flatMap(({ state }) => Array.from(state.centers.values)),
      expected.tensors.get('class.centers')!.data,
    );
  });
});

describe.each([2, 3])('sampled heads on %d ranks', (size) => {
  test.each<[string, SampledHeadOptions, Partial<TrainingOptions>]>([
    ['curricularface', { count: 4, seed: 5 }, {}],
    ['curricularface', { rate: 0.8, seed: 5, negatives: 'corrected' }, { update: 'fused' }],
    ['adaface', { rate: 1, seed: 5 }, {}],
  ])('train %s %j %j as one sampled head, with the same bits on all', async (name, sampled, options) => {
    // Batches of three see fewer classes than there are.
    const task = linearTask(createLoss(name, { scale: 8 }), { batch: 3, subCenters: 2 });
    const { subCenters } = task;
    const head = await sampledHead(referenceBackend(), task.loss, { ...sampled, subCenters });
    const one = await events({ ...(await open(options, task)), head });
    const expected = stored(one);
    const all = await onRanks(task, size, options, sampled);
    const close = (actual: ArrayLike<number>, wanted: ArrayLike<number>): void =>
      expect(Array.from(actual)).toEqual(Array.from(wanted, (value) => expect.closeTo(value, 9)));
    for (const { metrics, state } of all) {
      for (const { loss } of metrics) expect(Number.isFinite(loss)).toBe(true);
      expect(metrics.map((step) => step.loss)).toEqual(all[0]!.metrics.map((step) => step.loss));
      expect(state.lossState).toEqual(all[0]!.state.lossState);
      for (const [key, { data }] of state.learner) {
        expect(data).toEqual(all[0]!.state.learner.get(key)!.data);
        close(data, expected.tensors.get(`learner/${key}`)!.data);
      }
      close(
        metrics.map((step) => step.loss),
        metricsOf(one).map((step) => step.loss),
      );
    }
    close(
      all.flatMap(({ state }) => Array.from(state.centers.values)),
      expected.tensors.get('class.centers')!.data,
    );
  });
});

test('the last way back of an update is told of the ranks, and no other', async () => {
  const communicator = new InProcessRanks(1).communicator(0);
  const task = linearTask(createLoss('arcface'), { accumulate: 2, epochs: 1 });
  const learner = linearLearner(task);
  const calls: string[] = [];
  const told: Learner = {
    ...learner,
    backward(gradient, ranks) {
      calls.push(ranks === undefined ? 'back' : 'back over ranks');
      return learner.backward(gradient);
    },
    async sumGradients(ranks) {
      calls.push('sum');
      await learner.sumGradients!(ranks);
    },
  };
  await events({ ...(await open({}, task)), learner: told, ranks: communicator });
  // Of 26 samples: one update of 16.
  expect(calls).toEqual(['back', 'back over ranks', 'sum']);
});

test('more ranks than classes, or a learner for one rank, are refused on all', async () => {
  const task = linearTask(createLoss('arcface'));
  await expect(onRanks(task, 6)).rejects.toThrow(/^ranks = 6, expected at most 5 for 5 classes/);
  const { sumGradients: _, ...learner } = linearLearner(task);
  const given = { ...(await open({}, task)), learner, ranks: new InProcessRanks(1).communicator(0) };
  await expect(events(given)).rejects.toThrow(/a learner with sumGradients/);
});

test('shares are all of it, in order', () => {
  for (const size of [1, 2, 3, 7])
    for (const count of [0, 1, 7, 41]) {
      const all = Array.from({ length: size }, (_, rank) => shareOf(count, { rank, size }));
      expect(all[0]!.from).toBe(0);
      expect(all.at(-1)!.to).toBe(count);
      all.forEach(({ from, to }, k) => {
        expect(from).toBe(all[k - 1]?.to ?? 0);
        expect(to - from).toBeLessThanOrEqual(Math.ceil(count / size));
      });
    }
});
