import { join } from 'node:path';
import { referenceBackend } from '@cf/core';
import type { TrainingState } from '@cf/training';
import { describe, expect, it } from 'vitest';
import { featureSamples } from '../features/feature-samples.ts';
import { embedTable, type FeatureTable } from '../features/feature-table.ts';
import type { TrainFlags } from '../settings/fields.ts';
import type { EmbeddingTraining } from '../settings/train-config.ts';
import {
  cloudData,
  configWith,
  embeddingOn,
  failureOf,
  temporaryFolder,
  trainKeeping,
  withoutProgress,
} from '../testing.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { initialState, requireInitial } from './initial-state.ts';
import { createRunFolder, type RunFolder } from './run-folder.ts';
import type { Subject } from './subject.ts';

withoutProgress();

const data = cloudData(5, 8, 6);
const softmax = configWith({ loss: 'softmax' });

/** A run on clouds, to its end. */
async function trainedRun(
  config: EmbeddingTraining = softmax,
): Promise<{ run: RunFolder; end: TrainingState }> {
  const run = await createRunFolder(join(await temporaryFolder(), 'run'));
  const network = await embeddingOn(data, config);
  const { learner } = network;
  const training = { config, backend: referenceBackend(), learner, samples: featureSamples(data, data) };
  const { states } = await trainKeeping(training);
  await network.dispose();
  const subject = { description: 'clouds', fingerprint: 'x' };
  const end = states.at(-1)!;
  await writeCheckpoint(run.file('checkpoint'), end, { subject, pictures: [] });
  return { run, end };
}

async function startFrom(
  run: RunFolder,
  names: readonly string[],
  flags: Partial<TrainFlags> = {},
  embedTrained: Subject['embedTrained'] = (embedder) => embedTable(data, embedder),
): ReturnType<typeof initialState> {
  const own = configWith({ loss: 'softmax', ...flags });
  const network = await embeddingOn(data, own);
  try {
    return await initialState(
      run,
      {
        network,
        samples: { ...featureSamples(data, data), classes: names },
        embedTrained,
      },
      own,
    );
  } finally {
    await network.dispose();
  }
}

it('takes weights, and class centers by name; the rest starts anew', async () => {
  const { run, end } = await trainedRun();
  const names = ['somebody', 'person 4', 'person 1'];
  const { state, found } = await startFrom(run, names, { initFrom: 'run', newCenters: 'random' });
  expect(found).toBe(2);
  expect(state).toMatchObject({ step: 0, classes: names });
  const row = ({ centers }: Pick<TrainingState, 'centers'>, label: number): number[] => [
    ...centers.values.subarray(8 * label, 8 * (label + 1)),
  ];
  expect(row(state, 1)).toEqual(row(end, 4));
  expect(row(state, 2)).toEqual(row(end, 1));
  expect(Math.hypot(...row(state, 0))).toBeLessThan(0.1);
  const bias = ({ classBias }: TrainingState): readonly number[] => [...classBias!.values];
  expect(bias(state)).toEqual([0, bias(end)[4], bias(end)[1]]);
  expect(state.centers.optimiser.momentum!.every((v) => v === 0)).toBe(true);
  for (const [name, { data: values }] of state.learner) {
    if (name.startsWith('weights/')) expect(values, name).toEqual(end.learner.get(name)!.data);
    else
      expect(
        [...values].every((v) => v === 0),
        name,
      ).toBe(true);
  }
});

it('lets centers of others start at the mean embedding of their pictures, as the given weights embed them', async () => {
  const { run, end } = await trainedRun();
  const names = ['somebody', 'person 4', 'person 1', 'nobody', 'another'];
  const looked: unknown[] = [];
  const { state, told } = await startFrom(run, names, {}, async (embedder) => {
    looked.push(embedder);
    const table = await embedTable(data, embedder);
    // Of the fourth class there is nothing to see.
    for (const [row, label] of data.labels.entries())
      if (label === 3) table.rows.fill(0, 8 * row, 8 * row + 8);
    return table;
  });
  expect(looked).toHaveLength(1);
  expect(told).toBe(
    'the other 3 start at the mean embedding of their pictures; 1 of them without one at random',
  );
  const row = ({ centers }: Pick<TrainingState, 'centers'>, label: number): number[] => [
    ...centers.values.subarray(8 * label, 8 * (label + 1)),
  ];
  expect(row(state, 1)).toEqual(row(end, 4));
  // Pictures of the first class are those that the run knew as person 0.
  const [own, before] = [row(state, 0), row(end, 0)];
  const cosine =
    own.reduce((sum, x, i) => sum + x * before[i]!, 0) / (Math.hypot(...own) * Math.hypot(...before));
  expect(cosine).toBeGreaterThan(0.8);
  expect(Math.hypot(...row(state, 3))).toBeLessThan(0.1);
});

it('takes a run with another loss and optimiser', async () => {
  const { run } = await trainedRun();
  const { state, found } = await startFrom(run, data.names, {
    loss: 'arcface',
    optimiser: 'adamw',
    momentum: undefined as never,
  });
  expect(found).toBe(5);
  expect(state.classBias).toBeUndefined();
  expect(Object.keys(state.centers.optimiser)).toEqual(['first_moment', 'second_moment']);
});

describe('sub-centers', () => {
  const three = configWith({ loss: 'arcface', subCenters: 3 });
  const rowsOf = ({ centers }: Pick<TrainingState, 'centers'>, from: number, count: number): number[] => [
    ...centers.values.subarray(8 * from, 8 * (from + count)),
  ];

  it('are taken all, by name, where there are as many', async () => {
    const { run, end } = await trainedRun(three);
    const { state } = await startFrom(run, ['somebody', 'person 4'], { loss: 'arcface', subCenters: 3 });
    expect(rowsOf(state, 3, 3)).toEqual(rowsOf(end, 12, 3));
  });

  it('become the dominant one, where there is to be one', async () => {
    const { run, end } = await trainedRun(three);
    // Pictures of a class lie at one of its centers: the second of the first class, the third of the next, and so on.
    const dominant = [1, 2, 0, 1, 2];
    const embedTrained = async (): Promise<FeatureTable> => ({
      ...data,
      dim: 8,
      rows: Float32Array.from(
        [...data.labels].flatMap((label) => rowsOf(end, 3 * label + dominant[label]!, 1)),
      ),
    });
    const { state, found } = await startFrom(run, data.names, { loss: 'arcface' }, embedTrained);
    expect(found).toBe(5);
    expect(state.subCenters).toBe(1);
    for (const [c, k] of dominant.entries()) expect(rowsOf(state, c, 1)).toEqual(rowsOf(end, 3 * c + k, 1));
  });

  it('begin with the center that there was', async () => {
    const { run, end } = await trainedRun();
    const { state } = await startFrom(run, ['somebody', 'person 4'], { subCenters: 3 });
    expect(rowsOf(state, 3, 1)).toEqual(rowsOf(end, 4, 1));
    expect(Math.hypot(...rowsOf(state, 4, 2))).toBeLessThan(0.1);
  });

  it('of another number are refused', async () => {
    const { run } = await trainedRun(three);
    const flags = { loss: 'arcface', subCenters: 2 };
    for (const attempt of [
      () => startFrom(run, data.names, flags),
      () => requireInitial(run, configWith(flags)),
    ])
      expect((await failureOf(attempt)).message).toMatch(
        /with 3 centers a class, for --sub-centers 2, expected --sub-centers 3, or 1/,
      );
  });

  it('leave a bias of all classes to those that have one', async () => {
    const { run, end } = await trainedRun(configWith({ loss: 'sphereface2' }));
    const shared = await startFrom(run, ['somebody'], { loss: 'sphereface2' });
    expect(shared.state.classBias!.values).toEqual(end.classBias!.values);
    const each = await startFrom(run, data.names, { loss: 'softmax' });
    expect([...each.state.classBias!.values]).toEqual([0, 0, 0, 0, 0]);
  });
});

it('refuses a run of another network, and one without a checkpoint', async () => {
  const { run } = await trainedRun();
  const other = await failureOf(() => startFrom(run, data.names, { dim: 5 }));
  expect(other).toMatchObject({ code: 'E_RUN' });
  expect(other.message).toMatch(/'weights\/embedding\.weight' \[8, 6\], expected \[5, 6\]/);
  const empty = await createRunFolder(join(await temporaryFolder(), 'empty'));
  expect(await failureOf(() => startFrom(empty, data.names))).toMatchObject({ code: 'E_RUN' });
});
