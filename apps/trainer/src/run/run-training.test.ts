import { BackendError, createLoss, LOSS_NAMES, NonFiniteError } from '@cf/core';
import { decodeModel } from '@cf/onnx';
import type { StepMetrics, TrainingState } from '@cf/training';
import { describe, expect, it, vi } from 'vitest';
import type { Dataset } from '../dataset/dataset.ts';
import { withShuffledLabels } from '../dataset/dealt-labels.ts';
import { pictureSamples } from '../dataset/picture-samples.ts';
import type { NetworkInTraining } from '../engines/network-in-training.ts';
import { openOnnxNetwork } from '../engines/onnx-network.ts';
import { BACKEND_NAMES, openBackend } from '../engines/open-backend.ts';
import { openOnnxTraining } from '../engines/open-onnx-training.ts';
import { MissingPackageError } from '../errors.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { featureSamples } from '../features/feature-samples.ts';
import { startProgress } from '../report/progress.ts';
import type { TrainFlags } from '../settings/fields.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { smallOnnx } from '../testing/onnx-files.ts';
import {
  cloudData,
  configWith,
  embeddingOn,
  failureOf,
  networkConfigWith,
  patternData,
  trainKeeping,
  withoutProgress,
} from '../testing.ts';
import type { Training } from './run-training.ts';

vi.mock('../report/progress.ts', { spy: true });
withoutProgress();

const data = cloudData(5, 8, 6);

interface Ran {
  readonly metrics: readonly StepMetrics[];
  /** Steps of the checkpoints. */
  readonly checkpoints: readonly number[];
  readonly end: TrainingState;
}

async function collect(
  training: Omit<Training, 'signal'>,
  { dispose }: Pick<NetworkInTraining, 'dispose'>,
  hooks: Parameters<typeof trainKeeping>[1] = {},
): Promise<Ran> {
  try {
    const { states, metrics } = await trainKeeping(training, hooks);
    return { metrics, checkpoints: states.map(({ step }) => step), end: states.at(-1)! };
  } finally {
    await dispose();
    await training.backend.dispose();
  }
}

/** A linear embedding on clouds. */
async function onClouds(
  flags: Partial<TrainFlags> = {},
  hooks: Parameters<typeof collect>[2] = {},
  state?: TrainingState,
  labelled: Pick<Dataset, 'labels' | 'names'> = data,
): Promise<Ran> {
  const config = configWith({ scale: undefined as never, ...flags });
  const network = await embeddingOn(data, config);
  const training = {
    config,
    backend: await openBackend(config.head),
    learner: network.learner,
    samples: featureSamples(data, labelled),
    ...(state === undefined ? {} : { state }),
  };
  return collect(training, network, hooks);
}

const faces = patternData(5, 8, 8, 3);

/** A small network on pictures; its normalisation stays as it is where nothing may depend on the batch. */
async function onPictures(
  flags: Partial<TrainFlags> = {},
  changes: { labels?: typeof withShuffledLabels; learner?: Partial<Training['learner']> } = {},
): Promise<Ran> {
  const small = { augmentShift: 1, lr: 0.05, warmupSteps: 2, epochs: 3, batch: 8, scale: 16, threads: 1 };
  const config = networkConfigWith({ backbone: 'onnx:small.onnx', dim: 8, ...small, ...flags });
  const network = await openOnnxTraining({
    name: 'small',
    model: decodeModel(smallOnnx()),
    dim: 8,
    config,
    threads: 1,
    openInference: (bytes) => openOnnxNetwork('small', bytes),
  });
  const samples = pictureSamples(faces.stream, faces, config.augmentation);
  return collect(
    {
      config,
      backend: await openBackend(config.head),
      learner: { ...network.learner, ...changes.learner },
      samples: changes.labels?.(samples, 0) ?? samples,
    },
    network,
  );
}

const meanLoss = (metrics: readonly StepMetrics[], epoch: number): number => {
  const losses = metrics.filter((m) => m.epoch === epoch).map(({ loss }) => loss);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
};

describe('every loss', () => {
  const trials = LOSS_NAMES.flatMap((loss) => [[loss, 1] as const, [loss, 3] as const]);
  it.each(trials)('trains an epoch: %s, %d centers a class', async (loss, subCenters) => {
    const { end, metrics, checkpoints } = await onClouds({ loss, subCenters, epochs: 1 });
    expect(end.centers.values).toHaveLength(5 * subCenters * 8);
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
    expect(checkpoints).toEqual([0, 5]);
    for (const { loss: value, imagesPerSecond } of metrics) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(imagesPerSecond).toBeGreaterThan(0);
    }
    const { name, bias } = createLoss(loss, {}, { classCounts: [8, 8, 8, 8, 8] });
    expect(end.lossState.loss).toBe(name);
    const moved = end.classBias?.values.some((b) => b !== Math.fround(bias!.start(5))) ?? false;
    expect(moved).toBe(bias !== undefined);
  });

  it('counts the pictures of each class for the losses that ask, and refuses a class without any', async () => {
    const labels = Int32Array.from(data.labels, (label) => Math.max(1, label));
    const error = await failureOf(() =>
      onClouds({ loss: 'dynamic-arcface' }, {}, undefined, { ...data, labels }),
    );
    expect(error.message).toMatch(/^counts\[0\] = 0, expected an integer ≥ 1/);
    expect(exitCodeOf(error)).toBe(2);
  });

  it('goes on with as many centers a class as there were', async () => {
    const { end } = await onClouds({ subCenters: 2 });
    const error = await failureOf(() => onClouds({ subCenters: 3 }, {}, end));
    expect(error.message).toMatch(/subCenters = 2, expected subCenters = 3/);
  });

  it.each<[string, string, string[]]>([
    ['focal', 'curricularface', ['gamma=1', 'alpha=0.5']],
    ['ohem', 'elastic-cosface', ['keepRatio=0.5']],
    ['self-paced', 'softmax', ['regulariser=mixture', 'pace=2']],
  ])('trains an epoch under %s: %s', async (weighting, loss, weightingOption) => {
    const { metrics } = await onClouds({
      loss,
      weighting,
      weightingOption,
      epochs: 1,
    } as Partial<TrainFlags>);
    expect(metrics).toHaveLength(5);
  });
});

it('the same seed gives the same numbers, another seed others', async () => {
  const { end } = await onClouds({ seed: 3, loss: 'elastic-arcface' });
  expect((await onClouds({ seed: 3, loss: 'elastic-arcface' })).end).toEqual(end);
  expect((await onClouds({ seed: 4, loss: 'elastic-arcface' })).end.learner).not.toEqual(end.learner);
});

describe('backends', () => {
  for (const head of BACKEND_NAMES.filter((name) => name !== 'reference')) {
    it(`${head} gives the curve of the reference, to float32 (where the machine has it)`, async ({
      skip,
    }) => {
      try {
        await (await openBackend(head)).dispose();
      } catch (error) {
        if (!(error instanceof BackendError || error instanceof MissingPackageError)) throw error;
        skip(error.given);
      }
      for (const loss of ['curricularface', 'softmax']) {
        const [own, reference] = [await onClouds({ head, loss }), await onClouds({ loss })];
        expect(own.metrics).toHaveLength(reference.metrics.length);
        for (const [i, m] of own.metrics.entries()) {
          expect(Math.abs(m.loss / reference.metrics[i]!.loss - 1)).toBeLessThan(1e-4);
          if (m.t !== null) expect(m.t).toBeCloseTo(reference.metrics[i]!.t!, 5);
        }
      }
    });
  }

  it('suggests a name for one that is unknown', async () => {
    expect((await failureOf(() => openBackend('tfjs-gpu'))).message).toMatch(/'tfjs-gpu'.*\n.*'tfjs-cpu'/);
    expect((await failureOf(() => openBackend('toString'))).code).toBe('E_UNKNOWN_NAME');
  });
});

describe('runTraining', () => {
  it('asks for a checkpoint before the first step and after every epoch', async () => {
    expect((await onClouds({ epochs: 3 })).checkpoints).toEqual([0, 5, 10, 15]);
  });

  it('stops in the middle of an epoch when the signal says so, with a checkpoint of that step', async () => {
    const controller = new AbortController();
    const onStep = ({ step }: StepMetrics): unknown => step === 7 && controller.abort();
    const { end, checkpoints } = await onClouds({ epochs: 3 }, { signal: controller.signal, onStep });
    expect(end.step).toBe(7);
    expect(checkpoints).toEqual([0, 5, 7]);
  });

  it('hears Ctrl-C in the middle of an epoch: it gives way to the event loop', async () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    const { metrics } = await onClouds({ batch: 1, epochs: 1 }, { signal: controller.signal });
    expect(metrics.length).toBeLessThan(20);
  });

  it('starts no progress line that nothing would end where the head can not be made', async () => {
    const config: TrainConfig = configWith();
    const backend = await openBackend('reference');
    const createHead = (): Promise<never> => Promise.reject(new Error('no memory'));
    vi.mocked(startProgress).mockClear();
    const network = await embeddingOn(data, config);
    const { learner } = network;
    const training = {
      config,
      backend: { ...backend, createHead },
      learner,
      samples: featureSamples(data, data),
    };
    const error = await failureOf(() => collect(training, network));
    expect(error.message).toBe('no memory');
    expect(startProgress).not.toHaveBeenCalled();
  });

  it('does nothing from a state that is trained already', async () => {
    const { end } = await onClouds();
    const again = await onClouds({}, {}, end);
    expect(again.metrics).toEqual([]);
  });

  it('stops where the numbers run away, with step, learning rate and the flags that help', async () => {
    const error = await failureOf(() => onClouds({ lr: 1e30 }));
    expect(error).toMatchObject({ code: 'E_DIVERGED' });
    expect(error.message).toMatch(/ at step 1 \(learning rate 1e\+30\), expected .*\nFix: .*--lr/);
  });
});

describe('a network on pictures', () => {
  it('learns what can be learned, and not what can not', async () => {
    const flags = { epochs: 20, margin: 0.2, lr: 0.02, augmentFlip: false, augmentShift: 0 };
    const { metrics } = await onPictures(flags);
    expect(meanLoss(metrics, 20)).toBeLessThan(0.4 * meanLoss(metrics, 1));
    const shuffled = await onPictures(flags, { labels: withShuffledLabels });
    expect(meanLoss(shuffled.metrics, 20)).toBeGreaterThan(1.5 * meanLoss(metrics, 20));
  });

  it('gives the same bits again, and others with another seed or augmentation', async () => {
    const { end } = await onPictures();
    expect((await onPictures()).end).toEqual(end);
    for (const flags of [{ seed: 1 }, { augmentShift: 0 }, { augmentFlip: false }])
      expect((await onPictures(flags)).end.learner).not.toEqual(end.learner);
  });

  it.each(['curricularface', 'adaface', 'arcface'])(
    'micro-batches are one batch to the loss: two halves are the whole (%s)',
    async (loss) => {
      const flags = { loss, epochs: 2, freezeBn: true, scale: undefined as never };
      const whole = await onPictures({ ...flags, batch: 20 });
      const halves = await onPictures({ ...flags, batch: 10, accumulate: 2 });
      expect(halves.metrics).toHaveLength(whole.metrics.length);
      for (const [i, { loss: value, t }] of whole.metrics.entries()) {
        expect(halves.metrics[i]!.loss).toBeCloseTo(value, 3);
        if (t !== null) expect(halves.metrics[i]!.t).toBeCloseTo(t, 5);
      }
      for (const [name, { data: values }] of whole.end.learner)
        for (const [i, value] of values.entries())
          expect(halves.end.learner.get(name)!.data[i], name).toBeCloseTo(value, 4);
      for (const [i, value] of whole.end.centers.values.entries())
        expect(halves.end.centers.values[i]).toBeCloseTo(value, 5);
    },
  );

  it('stops where a number is not finite, with its name', async () => {
    let calls = 0;
    const update = async (): Promise<{ gradientNorm: number }> => {
      if (++calls === 3) throw new NonFiniteError('gradient of fc.weight', 7, Number.NaN);
      return { gradientNorm: 1 };
    };
    const error = await failureOf(() => onPictures({}, { learner: { update } }));
    expect(error).toMatchObject({ code: 'E_DIVERGED' });
    expect(error.message).toMatch(
      /gradient of fc\.weight\[7\] = NaN at step 3 \(learning rate 0\.05\).*\n.*--lr/s,
    );
  });
});
