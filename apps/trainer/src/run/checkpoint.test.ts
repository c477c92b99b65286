import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoss, createRandom, referenceBackend } from '@cf/core';
import type { TrainingState } from '@cf/training';
import { beforeAll, describe, expect, it } from 'vitest';
import { featureSamples } from '../features/feature-samples.ts';
import {
  cloudData,
  configWith,
  embeddingOn,
  failureOf,
  temporaryFolder,
  trainKeeping,
  withoutProgress,
} from '../testing.ts';
import { readCheckpoint, requireSamePictures, requireSameTraining, writeCheckpoint } from './checkpoint.ts';
import { readTensors, type TensorFile, writeSealed, writeTensors } from './safetensors.ts';

withoutProgress();

let path: string;
beforeAll(async () => {
  path = join(await temporaryFolder(), 'checkpoint.safetensors');
});

const data = cloudData(5, 8, 6);

const subject = { description: 'clouds: embedding 6 → 8', fingerprint: 'abc' };
const pictures = data.names.map((name) => `pictures of ${name}`);
const origin = { subject, pictures };

type Ran = { readonly states: readonly TrainingState[]; readonly losses: readonly number[] };

/** Trains on clouds: from a state to the end, or to a step. */
async function run(
  loss: string,
  { state, until = 1e9 }: { state?: TrainingState; until?: number } = {},
): Promise<Ran> {
  const config = configWith({ loss, epochs: 3 });
  const { learner, dispose } = await embeddingOn(data, config);
  const stop = new AbortController();
  const training = { config, backend: referenceBackend(), learner, samples: featureSamples(data, data) };
  const { states, metrics } = await trainKeeping(state === undefined ? training : { ...training, state }, {
    signal: stop.signal,
    onStep: ({ step }) => step === until && stop.abort(),
  });
  await dispose();
  return { states, losses: metrics.map((step) => step.loss) };
}

async function keptAfterAStep(): ReturnType<typeof readCheckpoint> {
  const { states } = await run('arcface', { until: 1 });
  await writeCheckpoint(path, states.at(-1)!, origin);
  return readCheckpoint(path);
}

describe('a checkpoint', () => {
  it.each(['curricularface', 'softmax', 'adaface', 'elastic-arcface'])(
    'gives a state back to the last bit, and lets an interrupted training end in the same bits (%s)',
    async (loss) => {
      const straight = await run(loss);
      const stopped = await run(loss, { until: 7 });
      const state = stopped.states.at(-1)!;
      expect(state.step).toBe(7);
      await writeCheckpoint(path, state, origin);
      const kept = await readCheckpoint(path);
      expect(kept).toEqual({ path, state, ...origin });
      requireSameTraining(kept, subject, createLoss(loss).name);
      requireSamePictures(kept, data.names, pictures);
      const read = kept.state;
      expect(read.classBias === undefined).toBe(loss !== 'softmax');
      const resumed = await run(loss, { state: read });
      expect(resumed.states.at(-1)).toEqual(straight.states.at(-1));
      expect([...stopped.losses, ...resumed.losses]).toEqual(straight.losses);
    },
  );

  it.each<[string, readonly [typeof subject, string], RegExp]>([
    [
      'another network',
      [{ description: 'clouds: embedding 6 → 5', fingerprint: 'x' }, 'arcface'],
      /6 → 8, expected .*6 → 5/,
    ],
    ['another loss', [subject, 'cosface'], /loss arcface, expected loss cosface/],
  ])('of %s is refused', async (_, now, message) => {
    const kept = await keptAfterAStep();
    const error = await failureOf(() => requireSameTraining(kept, ...now));
    expect(error.code).toBe('E_RUN');
    expect(error.message).toMatch(message);
  });

  const { names } = data;
  it.each<[string, readonly string[], readonly string[], RegExp]>([
    [
      'identities that came and went',
      [...names.slice(0, 4), 'somebody'],
      pictures,
      /removed person 4; added somebody, expected the 5 identities.*\n.*--init-from \//,
    ],
    [
      'identities in another order',
      [...names].reverse(),
      [...pictures].reverse(),
      /: moved person 4, person 3, person 1, person 0, /,
    ],
    [
      'an identity whose folder was exchanged',
      names,
      pictures.map((text, label) => (label === 2 ? 'others' : text)),
      /: changed person 2, expected/,
    ],
    ['more identities', [...names, 'one', 'two'], [...pictures, 'x', 'y'], /: added one, two, expected/],
    [
      'many more',
      [...names, ...'abcdefgh'],
      [...pictures, ...'abcdefgh'],
      /: added a, b, c, d, e and 3 more, expected/,
    ],
  ])('on %s is refused', async (_, classes, now, message) => {
    const kept = await keptAfterAStep();
    const error = await failureOf(() => requireSamePictures(kept, classes, now));
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
    await keptAfterAStep();
    await writeSealed(path, change(await readTensors(path)));
    const error = await failureOf(() => readCheckpoint(path));
    expect(error.code).toBe('E_RUN');
    expect(error.message).toMatch(message);
  });

  it('cut short is refused', async () => {
    await keptAfterAStep();
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 5));
    const error = await failureOf(() => readCheckpoint(path));
    expect(error).toMatchObject({ code: 'E_RUN', message: expect.stringMatching(/cut short/) });
  });

  it('with any one bit flipped is refused', async () => {
    await keptAfterAStep();
    const bytes = await readFile(path);
    const random = createRandom('bits');
    const header = 8 + Number(bytes.readBigUInt64LE());
    // Also of every bit of the checksum, of the format and of the step.
    const named = ['sha256', 'cf-checkpoint', 'step'].flatMap((name) => {
      const at = bytes.indexOf(name);
      return Array.from({ length: 8 * 20 }, (_, i) => 8 * (at - 2) + i);
    });
    const drawn = Array.from({ length: 100 }, () => random.integer(0, 8 * bytes.length - 1));
    const ofHeader = Array.from({ length: 100 }, () => random.integer(0, 8 * header - 1));
    for (const bit of [...named, ...drawn, ...ofHeader]) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(path, flipped);
      const { code } = await failureOf(() => readCheckpoint(path)).catch(() => ({ code: `bit ${bit}` }));
      expect(code).toBe('E_RUN');
    }
  });

  it('of the form before is read, and says that nothing vouches for it', async () => {
    const { isUnchecked } = await keptAfterAStep();
    expect(isUnchecked).toBeUndefined();
    const { tensors, metadata } = await readTensors(path);
    const { sha256: _, config: __, validations: ___, ...earlier } = metadata;
    await writeTensors(path, { tensors, metadata: { ...earlier, format: 'cf-checkpoint-2' } });
    expect((await readCheckpoint(path)).isUnchecked).toBe(true);
    // A newer one is not taken for it.
    await writeTensors(path, { tensors, metadata: earlier });
    expect((await failureOf(() => readCheckpoint(path))).message).toMatch(/without its checksum/);
  });

  it('gives back what it was trained by, and its scores on the way', async () => {
    const { states } = await run('arcface', { until: 1 });
    const config = configWith({ loss: 'arcface' });
    const validations = [{ step: 1, epoch: 1, accuracy: 0.5, auc: 0.25 }];
    await writeCheckpoint(path, states.at(-1)!, { ...origin, config, validations });
    const kept = await readCheckpoint(path);
    expect(kept.validations).toEqual(validations);
    expect(kept.config).toEqual(JSON.parse(JSON.stringify(config)));
  });
});
