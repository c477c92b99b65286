import {
  adaFace,
  arcFace,
  createRandom,
  curricularFace,
  type Head,
  type HeadInput,
  type MarginLoss,
  referenceBackend,
  StateMismatchError,
  softmax,
  sphereFace2,
} from '@cf/core';
import { describe, expect, test } from 'vitest';
import { DivergedError } from '../errors.ts';
import type { SampleData } from '../learner/learner.ts';
import { adamw } from '../optimiser/adamw.ts';
import { sgd } from '../optimiser/sgd.ts';
import { linearLearner } from '../testing/linear-learner.ts';
import { type LinearTask, linearOptions, linearSamples, linearTask } from '../testing/linear-task.ts';
import { type Checkpoint, checkpointOf, stateFrom } from './checkpoint.ts';
import type { StepMetrics, TrainingEvent } from './events.ts';
import { stepsPerEpoch, type TrainingOptions, type TrainingTask, train } from './train.ts';
import { firstHeadState } from './training-state.ts';

const loss = curricularFace({ scale: 12, alpha: 0.1 });
/** Two epochs of three steps. */
const task = linearTask(loss);

async function open(
  changes: Partial<TrainingOptions> = {},
  of: LinearTask = task,
): Promise<Omit<TrainingTask, 'state' | 'signal'>> {
  return {
    learner: linearLearner(of),
    head: await referenceBackend().createHead(of.loss, { subCenters: of.subCenters }),
    samples: linearSamples(of),
    options: { ...linearOptions(of, 'float64'), ...changes },
  };
}

async function events(
  given: TrainingTask,
  onEvent: (event: TrainingEvent) => unknown = () => undefined,
): Promise<TrainingEvent[]> {
  const all: TrainingEvent[] = [];
  for await (const event of train(given)) {
    all.push(event);
    onEvent(event);
  }
  return all;
}

const metricsOf = (all: readonly TrainingEvent[]): StepMetrics[] =>
  all.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));

/** The last state, as a caller would have stored it. */
const stored = (all: readonly TrainingEvent[]): Checkpoint => {
  const last = all.findLast((event) => event.type === 'checkpoint')!;
  return structuredClone(checkpointOf(last.state));
};

describe('events', () => {
  test('come in order', async () => {
    const all = await events(await open());
    const step = 'step';
    const epoch = [step, step, step, 'epoch', 'checkpoint'];
    expect(all.map(({ type }) => type)).toEqual(['checkpoint', ...epoch, ...epoch, 'done']);
    expect(metricsOf(all).map((m) => [m.step, m.epoch])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
      [5, 2],
      [6, 2],
    ]);
    expect(all.at(-1)).toEqual({ type: 'done', step: 6, interrupted: false });
    for (const m of metricsOf(all)) {
      expect(m.gradientNorm).toBeGreaterThan(0);
      expect(m.imagesPerSecond).toBeGreaterThan(0);
      expect(m.t).toBeGreaterThan(-1);
    }
  });

  test.each([
    [24, 8, 1, 3],
    [24, 8, 3, 1],
    [24, 7, 1, 3],
    [24, 100, 1, 1],
    [24, 5, 2, 2],
  ])('%d samples in batches of %d×%d are %d steps', (count, batch, accumulate, steps) => {
    expect(stepsPerEpoch(count, { batch, accumulate })).toBe(steps);
  });

  test('the event loop has a turn every step, so that Ctrl-C is heard in the middle of an epoch', async () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    const all = await events({ ...(await open({ batch: 1 })), signal: controller.signal });
    expect(metricsOf(all).length).toBeLessThan(5);
    expect(all.at(-1)).toMatchObject({ type: 'done', interrupted: true });
  });
});

describe('samples', () => {
  /** What the head is given. */
  function spied(head: Head, seen: HeadInput[]): Head {
    return {
      loss: head.loss,
      dispose: () => head.dispose(),
      step: (input) => {
        seen.push(input);
        return head.step(input);
      },
    };
  }

  test('each is seen once an epoch, and the rest of a batch waits for another epoch', async () => {
    const seen: HeadInput[] = [];
    const given = await open({ batch: 10 });
    await events({ ...given, head: spied(given.head, seen) });
    const keys = seen.map(({ sampleKeys }) => [...(sampleKeys as Uint32Array)]);
    expect(keys.map(({ length }) => length)).toEqual([10, 10, 10, 10]);
    expect(new Set(keys.slice(0, 2).flat()).size).toBe(20);
    expect(new Set(keys.slice(2).flat()).size).toBe(20);
    expect(keys[0]).not.toEqual(keys[2]);
  });

  test('several micro-batches are one batch to the loss', async () => {
    const seen: HeadInput[] = [];
    const given = await open({ batch: 2, accumulate: 4 });
    const all = await events({ ...given, head: spied(given.head, seen) });
    const whole = await events(await open());
    expect(seen.map(({ labels }) => labels.length)).toEqual([8, 8, 8, 8, 8, 8]);
    expect(seen.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const [i, m] of metricsOf(whole).entries()) {
      expect(metricsOf(all)[i]!.loss).toBeCloseTo(m.loss, 12);
      expect(metricsOf(all)[i]!.t).toBeCloseTo(m.t!, 14);
    }
  });

  test('values of a batch are asked for once, by seed and epoch', async () => {
    const given = await open({ batch: 4, accumulate: 2 });
    const keys: unknown[] = [];
    const samples = {
      ...given.samples,
      batch: (indices: Uint32Array, key: { epoch: number; seed: number }) => {
        keys.push([indices.length, key]);
        return given.samples.batch(indices, key);
      },
    };
    await events({ ...given, samples });
    const epoch = (n: number): unknown[] => new Array(6).fill([4, { epoch: n, seed: 1 }]);
    expect(keys).toEqual([...epoch(0), ...epoch(1)]);
  });

  test('an array of the head that is no longer needed goes back to it', async () => {
    const given = await open();
    const gradients: Float32Array[] = [];
    const reused: unknown[] = [];
    const head: Head = {
      ...given.head,
      async step(input) {
        reused.push(input.gradWeights);
        const output = await given.head.step(input);
        gradients.push(Float32Array.from(output.gradWeights));
        return { ...output, gradWeights: gradients.at(-1)! };
      },
    };
    await events({ ...given, head });
    expect(reused).toHaveLength(6);
    for (const [i, array] of reused.entries()) expect(array).toBe(gradients[i - 1]);
  });

  test('a batch of another size than was asked for is refused', async () => {
    const given = await open();
    const batch = (): SampleData => ({ values: new Float32Array(42), shape: [7, 6] });
    await expect(events({ ...given, samples: { ...given.samples, batch } })).rejects.toThrow(
      /batch \[7, 6\], expected 8 samples/,
    );
  });
});

describe('state', () => {
  test('first class centers are N(0, 0.01²) of their own stream, their bias and momentum zero', () => {
    const first = firstHeadState({
      loss: softmax(),
      classes: 2000,
      embeddingSize: 3,
      rule: sgd({ momentum: 0.9 }),
      seed: 5,
    });
    const random = createRandom(5).fork('class centers');
    const { centers, classBias } = first;
    expect(centers.values).toEqual(Float32Array.from({ length: 6000 }, () => 0.01 * random.normal()));
    const variance = Array.from(centers.values).reduce((sum, w) => sum + w * w, 0) / 6000;
    expect(Math.sqrt(variance)).toBeCloseTo(0.01, 3);
    expect(centers.optimiser).toEqual({ momentum: new Float32Array(6000) });
    expect(classBias).toEqual({
      values: new Float32Array(2000),
      optimiser: { momentum: new Float32Array(2000) },
    });
  });

  test('sub-centers are more rows of the same stream, and a shared bias starts where its loss says', () => {
    const shared = sphereFace2();
    const options = { loss: shared, classes: 200, embeddingSize: 3, rule: sgd(), seed: 5 };
    const first = firstHeadState({ ...options, subCenters: 4 });
    expect(first.centers.values).toHaveLength(4 * 600);
    expect(first.centers.values.slice(0, 600)).toEqual(firstHeadState(options).centers.values);
    expect(first.classBias!.values).toEqual(Float32Array.of(shared.bias!.start(200)));
    expect(first.subCenters).toBe(4);
  });

  const cases: readonly [string, MarginLoss, Partial<TrainingOptions>][] = [
    ['SGD', loss, {}],
    ['AdamW', adaFace({ scale: 12 }), { rule: adamw() }],
    ['a bias', softmax(), { accumulate: 2, batch: 4 }],
    ['a bias of all classes', sphereFace2({ scale: 8 }), { biasWeightDecay: 0.1 }],
    ['sub-centers', loss, { subCenters: 3 }],
  ];
  test.each(cases)('an interrupted training goes on to the same bits: %s', async (_, ofLoss, changes) => {
    const { subCenters = 1 } = changes;
    const of = linearTask(ofLoss, { subCenters });
    const whole = await events(await open(changes, of));
    for (const stop of [1, 3, 4]) {
      const controller = new AbortController();
      const first = await events({ ...(await open(changes, of)), signal: controller.signal }, (event) => {
        if (event.type === 'step' && event.metrics.step === stop) controller.abort();
      });
      expect(first.at(-1)).toEqual({ type: 'done', step: stop, interrupted: true });
      const rest = await events({ ...(await open(changes, of)), state: stateFrom(stored(first)) });
      expect(rest[0]!.type).toBe('step');
      expect(stored(rest)).toEqual(stored(whole));
    }
  });

  test('names of classes are part of a checkpoint', async () => {
    const given = await open({ epochs: 0 });
    const classes = ['a', 'b', 'c', 'd', 'e'];
    const all = await events({ ...given, samples: { ...given.samples, classes } });
    const { tensors, values } = stored(all);
    expect(values.classes).toEqual(classes);
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ['class.centers', [5, 4]],
      ['optimiser/momentum/class.centers', [5, 4]],
      ['learner/weight', [4, 6]],
      ['learner/momentum/weight', [4, 6]],
      ['learner/bias', [4]],
      ['learner/momentum/bias', [4]],
      ['learner/updates', []],
    ]);
  });

  test('sub-centers and a shared bias have their shapes in a checkpoint', async () => {
    const of = linearTask(sphereFace2(), { subCenters: 3 });
    const { tensors, values } = stored(await events(await open({ epochs: 0 }, of)));
    expect(tensors.get('class.centers')!.shape).toEqual([15, 4]);
    expect(tensors.get('class.bias')!.shape).toEqual([1]);
    expect(values.subCenters).toBe(3);
  });

  test('a checkpoint of before there were sub-centers has one center a class', async () => {
    const checkpoint = stored(await events(await open({ epochs: 0 })));
    const { subCenters: _, ...values } = checkpoint.values;
    const state = stateFrom({ ...checkpoint, values: values as typeof checkpoint.values });
    expect(state).toEqual(stateFrom(checkpoint));
    expect(state.subCenters).toBe(1);
  });

  test('of other sub-centers is refused', async () => {
    const of = linearTask(loss, { subCenters: 3 });
    const state = stateFrom(stored(await events(await open({ epochs: 0 }, of))));
    await expect(events({ ...(await open()), state })).rejects.toThrow(
      /subCenters = 3, expected subCenters = 1/,
    );
    await expect(events({ ...(await open({}, of)), state })).resolves.toHaveLength(11);
  });

  test('of other classes, another loss, step or optimiser is refused', async () => {
    const checkpoint = stored(await events(await open()));
    const go = async (changes: Partial<TrainingTask>, values = checkpoint.values): Promise<unknown> =>
      events({ ...(await open()), state: stateFrom({ ...checkpoint, values }), ...changes });
    await expect(go({ samples: { ...linearSamples(task), classes: 6 } })).rejects.toThrow(StateMismatchError);
    await expect(go({ head: await referenceBackend().createHead(arcFace()) })).rejects.toThrow(/arcface/);
    await expect(go({ head: await referenceBackend().createHead(softmax()) })).rejects.toThrow(
      StateMismatchError,
    );
    await expect(go({}, { ...checkpoint.values, step: 5 })).rejects.toThrow(/after 6 steps/);
    await expect(go({ options: { ...linearOptions(task, 'float64'), rule: adamw() } })).rejects.toThrow(
      /momentum of 20, .*adamw/,
    );
    expect(() => stateFrom({ ...checkpoint, tensors: new Map() })).toThrow(/class.centers/);
  });
});

describe('divergence', () => {
  test.each([1e30, 1e300])('stops before a checkpoint could hold it (%d)', async (base) => {
    const schedule = { name: 'constant', base } as const;
    const all: TrainingEvent[] = [];
    const running = events(await open({ schedule }), (event) => all.push(event));
    await expect(running).rejects.toThrow(DivergedError);
    await expect(running).rejects.toThrow(
      new RegExp(`at step 1 \\(learning rate ${base}`.replace('+', '\\+')),
    );
    expect(all.map(({ type }) => type)).toEqual(['checkpoint', 'diverged']);
  });

  test('names what the head meets', async () => {
    const checkpoint = stored(await events(await open({ epochs: 0 })));
    checkpoint.tensors.get('class.centers')!.data[4] = Number.NaN;
    const running = events({ ...(await open()), state: stateFrom(checkpoint) });
    await expect(running).rejects.toThrow(/^weights\[4\] = NaN at step 1 \(learning rate 0\.01\)/);
  });
});

test('learns classes that can be parted', async () => {
  const features = linearTask(arcFace({ scale: 16, margin: 0.2 }), { epochs: 40, learningRate: 0.1 });
  for (const [i, label] of features.labels.entries()) features.features[i * 6 + label]! += 4;
  const metrics = metricsOf(await events(await open({}, features)));
  const mean = (part: StepMetrics[]): number => part.reduce((sum, m) => sum + m.loss, 0) / part.length;
  expect(mean(metrics.slice(-6))).toBeLessThan(mean(metrics.slice(0, 6)) / 4);
  expect(metrics.at(-1)!.meanTargetCosine).toBeGreaterThan(0.6);
});

test.each<[string, Partial<TrainingOptions>]>([
  ['epochs', { epochs: 1.5 }],
  ['batch', { batch: 0 }],
  ['accumulate', { accumulate: 0 }],
  ['weightDecay', { weightDecay: -1 }],
  ['biasWeightDecay', { biasWeightDecay: Number.NaN }],
  ['subCenters', { subCenters: 0 }],
  ['base', { schedule: { name: 'cosine', base: -1 } }],
])('names the option out of its range: %s', async (option, changes) => {
  await expect(events(await open(changes))).rejects.toThrow(`${option} = `);
});
