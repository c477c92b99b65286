import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cloudData, configWith, failureOf, temporaryFolder } from '../testing.ts';
import type { TrainingState } from '../training/train-embedding.ts';
import { readCheckpoint, requireFit, writeCheckpoint } from './checkpoint.ts';
import { firstState } from './run-training.ts';
import { readTensors, type TensorFile, writeTensors } from './safetensors.ts';

let path: string;
beforeAll(async () => {
  path = join(await temporaryFolder(), 'checkpoint.safetensors');
});

const state = (loss: string, classes = 3): TrainingState => {
  const first = firstState(configWith({ loss }), cloudData(classes, 2, 5), 5);
  for (const velocity of first.velocities)
    velocity.forEach((_, i) => {
      velocity[i] = 1 / (i + 3);
    });
  return { ...first, step: 42 };
};

it.each(['curricularface', 'softmax', 'adaface'])('gives a state back to the last bit (%s)', async (loss) => {
  const before = state(loss);
  await writeCheckpoint(path, before);
  const after = await readCheckpoint(path);
  expect(after).toEqual(before);
  expect(after.classBias === undefined).toBe(loss !== 'softmax');
  expect(() => requireFit(after, before, path)).not.toThrow();
});

describe('readCheckpoint refuses', () => {
  it.each<[string, (file: TensorFile) => TensorFile, RegExp]>([
    ['a model', (f) => ({ ...f, metadata: { ...f.metadata, format: 'cf-model-1' } }), /format cf-model-1/],
    [
      'no step',
      ({ tensors, metadata: { step: _, ...rest } }) => ({ tensors, metadata: rest }),
      /step = undef/,
    ],
    ['half a step', (f) => ({ ...f, metadata: { ...f.metadata, step: '1.5' } }), /step = 1\.5/],
    ['no state', (f) => ({ ...f, metadata: { ...f.metadata, lossState: '{' } }), /lossState = \{/],
    [
      'no momentum',
      ({ tensors: { 'velocity.2': _, ...tensors }, metadata }) => ({ tensors, metadata }),
      /without tensor 'velocity\.2'/,
    ],
  ])('%s', async (_, change, message) => {
    await writeCheckpoint(path, state('arcface'));
    await writeTensors(path, change(await readTensors(path)));
    const error = await failureOf(() => readCheckpoint(path));
    expect(error.code).toBe('E_RUN');
    expect(error.message).toMatch(message);
  });
});

it.each([
  ['other classes', state('arcface', 4), /8, 3 classes.*expected .*8, 4 classes/],
  ['another loss', state('cosface'), /loss arcface.*loss cosface/],
] as const)('requireFit refuses %s', (_, first, message) => {
  expect(() => requireFit(state('arcface'), first, path)).toThrow(message);
});
