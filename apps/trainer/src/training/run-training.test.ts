import { BackendError, createLoss, LOSS_NAMES } from '@cf/core';
import { describe, expect, it, vi } from 'vitest';
import type { TrainFlags } from '../settings/fields.ts';
import { cloudData, configWith, failureOf, withoutProgress } from '../testing.ts';
import { startProgress } from '../ui/progress.ts';
import { BACKEND_NAMES, openBackend } from './open-backend.ts';
import { firstState, runTraining, shuffleLabels, trainingOptions } from './run-training.ts';
import type { StepMetrics, TrainingState } from './train-embedding.ts';

vi.mock('../ui/progress.ts', { spy: true });
withoutProgress();

const data = cloudData(5, 8, 6);

async function run(flags: Partial<TrainFlags>): Promise<{ end: TrainingState; metrics: StepMetrics[] }> {
  const config = configWith({ scale: undefined as never, ...flags });
  const backend = await openBackend(config.head);
  const metrics: StepMetrics[] = [];
  const end = await runTraining(config, data, backend, firstState(config, data, 6), {
    label: 'test',
    signal: new AbortController().signal,
    onStep: (m) => metrics.push(m),
  });
  await backend.dispose();
  return { end, metrics };
}

describe('every loss', () => {
  it.each(LOSS_NAMES)('trains an epoch: %s', async (loss) => {
    const { end, metrics } = await run({ loss, epochs: 1 });
    expect(metrics).toHaveLength(5);
    for (const { loss: value } of metrics) expect(value).toBeGreaterThanOrEqual(0);
    expect(end.lossState.loss).toBe(createLoss(loss).name);
    expect(end.classBias === undefined).toBe(!createLoss(loss).bias);
  });

  it.each<[string, string, string[]]>([
    ['focal', 'curricularface', ['gamma=1', 'alpha=0.5']],
    ['ohem', 'elastic-cosface', ['keepRatio=0.5']],
    ['self-paced', 'softmax', ['regulariser=mixture', 'pace=2']],
  ])('trains an epoch under %s: %s', async (weighting, loss, weightingOption) => {
    const { metrics } = await run({ loss, weighting, weightingOption, epochs: 1 });
    expect(metrics).toHaveLength(5);
  });
});

it('a bias is trained where the loss has one', async () => {
  const { end } = await run({ loss: 'softmax' });
  expect(end.classBias!.some((b) => b !== 0)).toBe(true);
  expect(end.velocities).toHaveLength(4);
});

it('the same seed gives the same numbers, another seed others', async () => {
  const { end } = await run({ seed: 3, loss: 'elastic-arcface' });
  expect((await run({ seed: 3, loss: 'elastic-arcface' })).end).toEqual(end);
  expect((await run({ seed: 4, loss: 'elastic-arcface' })).end.model.weight).not.toEqual(end.model.weight);
});

describe('backends', () => {
  for (const head of BACKEND_NAMES.filter((name) => name !== 'reference')) {
    it(`${head} gives the curve of the reference, to float32 (where the machine has it)`, async ({
      skip,
    }) => {
      try {
        await (await openBackend(head)).dispose();
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        skip(error.given);
      }
      for (const loss of ['curricularface', 'softmax']) {
        const [own, reference] = [await run({ head, loss }), await run({ loss })];
        expect(own.metrics).toHaveLength(reference.metrics.length);
        for (const [i, m] of own.metrics.entries()) {
          expect(Math.abs(m.loss / reference.metrics[i]!.loss - 1)).toBeLessThan(1e-4);
          if (m.t !== null) expect(m.t).toBeCloseTo(reference.metrics[i]!.t!, 5);
        }
      }
    }, 60_000);
  }

  it('suggests a name for one that is unknown', async () => {
    expect((await failureOf(() => openBackend('tfjs-gpu'))).message).toMatch(/'tfjs-gpu'.*\n.*'tfjs-cpu'/);
    expect((await failureOf(() => openBackend('toString'))).code).toBe('E_UNKNOWN_NAME');
  });
});

describe('runTraining', () => {
  it('writes a checkpoint after every epoch', async () => {
    const config = configWith({ epochs: 3 });
    const steps: number[] = [];
    await runTraining(config, data, await openBackend('reference'), firstState(config, data, 6), {
      label: 'test',
      signal: new AbortController().signal,
      onCheckpoint: async ({ step }) => {
        steps.push(step);
      },
    });
    expect(steps).toEqual([5, 10, 15]);
  });

  it('stops in the middle of an epoch when the signal says so, with a checkpoint of that step', async () => {
    const config = configWith({ epochs: 3 });
    const controller = new AbortController();
    const steps: number[] = [];
    const end = await runTraining(config, data, await openBackend('reference'), firstState(config, data, 6), {
      label: 'test',
      signal: controller.signal,
      onStep: ({ step }) => step === 7 && controller.abort(),
      onCheckpoint: async ({ step }) => {
        steps.push(step);
      },
    });
    expect(end.step).toBe(7);
    expect(steps).toEqual([5, 7]);
  });

  it('starts no progress line that nothing would end where the head can not be made', async () => {
    const config = configWith();
    const backend = await openBackend('reference');
    const createHead = (): Promise<never> => Promise.reject(new Error('no memory'));
    vi.mocked(startProgress).mockClear();
    const hooks = { label: 'test', signal: new AbortController().signal };
    const start = firstState(config, data, 6);
    const error = await failureOf(() => runTraining(config, data, { ...backend, createHead }, start, hooks));
    expect(error.message).toBe('no memory');
    expect(startProgress).not.toHaveBeenCalled();
  });

  it('does nothing from a state that is trained already', async () => {
    const config = configWith();
    const start = { ...firstState(config, data, 6), step: 10 };
    const end = await runTraining(config, data, await openBackend('reference'), start, {
      label: 'test',
      signal: new AbortController().signal,
    });
    expect(end).toBe(start);
  });
});

it('trainingOptions are those of the configuration', () => {
  const config = configWith({ lr: 0.3, schedule: 'step', warmupSteps: 7, batch: 5, accumulate: 2, seed: 9 });
  expect(trainingOptions(config)).toEqual({
    epochs: 2,
    batch: 5,
    accumulate: 2,
    momentum: 0.9,
    weightDecay: 5e-4,
    seed: 9,
    schedule: { name: 'step', base: 0.3, warmupSteps: 7 },
  });
});

describe('shuffleLabels', () => {
  it('keeps the count of every label and the features', () => {
    const shuffled = shuffleLabels(data, 1);
    expect(shuffled.labels).not.toEqual(data.labels);
    expect([...shuffled.labels].sort()).toEqual([...data.labels].sort());
    expect(shuffled.features).toBe(data.features);
    expect(shuffleLabels(data, 1)).toEqual(shuffled);
  });

  it('leaves the data as it was', () => {
    const before = Int32Array.from(data.labels);
    shuffleLabels(data, 1);
    expect(data.labels).toEqual(before);
  });
});
