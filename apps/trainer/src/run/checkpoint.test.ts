import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoss, referenceBackend } from '@cf/core';
import type { TrainingState } from '@cf/training';
import { beforeAll, describe, expect, it } from 'vitest';
import { featureSamples } from '../features/feature-samples.ts';
import {
  cloudData,
  configWith,
  embeddingOn,
  failureOf,
  temporaryFolder,
  withoutProgress,
} from '../testing.ts';
import { type CheckpointOwner, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { runTraining, type Training } from './run-training.ts';
import { readTensors, type TensorFile, writeTensors } from './safetensors.ts';

withoutProgress();

let path: string;
beforeAll(async () => {
  path = join(await temporaryFolder(), 'checkpoint.safetensors');
});

const data = cloudData(5, 8, 6);

function ownerOf(loss: string, changes: Partial<CheckpointOwner> = {}): CheckpointOwner {
  const subject = { description: 'clouds: embedding 6 → 8', fingerprint: 'abc' };
  const pictures = data.names.map((name) => `pictures of ${name}`);
  return { subject, classes: data.names, pictures, loss: createLoss(loss).name, ...changes };
}

type Ran = { readonly states: readonly TrainingState[]; readonly losses: readonly number[] };

/** Trains on clouds: from a state to the end, or to a step. */
async function run(
  loss: string,
  { state, until = 1e9 }: { state?: TrainingState; until?: number } = {},
): Promise<Ran> {
  const config = configWith({ loss, epochs: 3 });
  const { learner, dispose } = await embeddingOn(data, config);
  const stop = new AbortController();
  const [states, losses]: [TrainingState[], number[]] = [[], []];
  const training: Training = {
    config,
    backend: referenceBackend(),
    learner,
    samples: featureSamples(data, data),
    signal: stop.signal,
  };
  await runTraining(state === undefined ? training : { ...training, state }, {
    label: 'test',
    onStep: (metrics) => {
      losses.push(metrics.loss);
      if (metrics.step === until) stop.abort();
    },
    onCheckpoint: async (reached) => void states.push(structuredClone(reached)),
  });
  await dispose();
  return { states, losses };
}

describe('a checkpoint', () => {
  it.each(['curricularface', 'softmax', 'adaface', 'elastic-arcface'])(
    'gives a state back to the last bit, and lets an interrupted training end in the same bits (%s)',
    async (loss) => {
      const straight = await run(loss);
      const stopped = await run(loss, { until: 7 });
      const state = stopped.states.at(-1)!;
      expect(state.step).toBe(7);
      await writeCheckpoint(path, state, ownerOf(loss));
      const read = await readCheckpoint(path, ownerOf(loss));
      expect(read).toEqual(state);
      expect(read.classBias === undefined).toBe(loss !== 'softmax');
      const resumed = await run(loss, { state: read });
      expect(resumed.states.at(-1)).toEqual(straight.states.at(-1));
      expect([...stopped.losses, ...resumed.losses]).toEqual(straight.losses);
    },
  );

  it.each<[string, Partial<CheckpointOwner>, RegExp]>([
    [
      'another network',
      { subject: { description: 'clouds: embedding 6 → 5', fingerprint: 'x' } },
      /6 → 8, expected .*6 → 5/,
    ],
    ['another loss', { loss: 'cosface' }, /loss arcface, expected loss cosface/],
    [
      'classes that came and went',
      { classes: [...data.names.slice(0, 4), 'somebody'] },
      /removed person 4; added somebody/,
    ],
    [
      'classes in another order',
      { classes: [...data.names].reverse(), pictures: [...ownerOf('arcface').pictures].reverse() },
      /the same in another order/,
    ],
    [
      'an identity whose folder was exchanged',
      { pictures: data.names.map((name, i) => (i === 2 ? 'others' : `pictures of ${name}`)) },
      /other pictures: changed person 2, /,
    ],
    [
      'one class more',
      { classes: [...data.names, 'one', 'two'] },
      /added one, two\b[^;]*, expected the 5 classes.*\n.*--init-from/,
    ],
  ])('of %s is refused', async (_, changes, message) => {
    const { states } = await run('arcface', { until: 1 });
    await writeCheckpoint(path, states[0]!, ownerOf('arcface'));
    const error = await failureOf(() => readCheckpoint(path, ownerOf('arcface', changes)));
    expect(error.code).toBe('E_RUN');
    expect(error.message).toMatch(message);
  });

  const withValues = (change: (values: Record<string, unknown>) => unknown) => (file: TensorFile) => {
    const values = JSON.stringify(change(JSON.parse(file.metadata.values!)));
    return { ...file, metadata: { ...file.metadata, values } };
  };
  it.each<[string, (file: TensorFile) => TensorFile, RegExp]>([
    [
      'another format',
      (f) => ({ ...f, metadata: { ...f.metadata, format: 'cf-checkpoint-1' } }),
      /format cf-checkpoint-1/,
    ],
    ['no step', withValues(({ step: _, ...rest }) => rest), /step = undefined/],
    ['half a step', withValues((values) => ({ ...values, step: 1.5 })), /step = 1\.5/],
    ['no values', (f) => ({ ...f, metadata: { ...f.metadata, values: '{' } }), /values = \{/],
    [
      'no class centers',
      ({ tensors: { 'class.centers': _, ...tensors }, metadata }) => ({ tensors, metadata }),
      /no tensor 'class\.centers'/,
    ],
    [
      'numbers that are not finite',
      (f) => ({
        ...f,
        tensors: { ...f.tensors, 'class.centers': { shape: [1], data: Float32Array.of(Number.NaN) } },
      }),
      /'class\.centers' that is not finite/,
    ],
  ])('with %s is refused', async (_, change, message) => {
    const { states } = await run('arcface', { until: 1 });
    await writeCheckpoint(path, states[0]!, ownerOf('arcface'));
    await writeTensors(path, change(await readTensors(path)));
    const error = await failureOf(() => readCheckpoint(path, ownerOf('arcface')));
    expect(error.code).toBe('E_RUN');
    expect(error.message).toMatch(message);
  });

  it('cut short is refused', async () => {
    const { states } = await run('arcface', { until: 1 });
    await writeCheckpoint(path, states[0]!, ownerOf('arcface'));
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 5));
    const error = await failureOf(() => readCheckpoint(path, ownerOf('arcface')));
    expect(error).toMatchObject({ code: 'E_RUN', message: expect.stringMatching(/cut short/) });
  });
});
