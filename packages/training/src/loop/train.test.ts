import { arcFace, ema, type Head, type HeadInput, marginLoss, referenceBackend } from '@cf/core';
import { describe, expect, test } from 'vitest';
import { DivergedError } from '../errors.ts';
import type { SampleData } from '../learner/learner.ts';
import { linearTask } from '../testing/linear-task.ts';
import { type Checkpoint, checkpointOf, stateFrom } from './checkpoint.ts';
import type { StepMetrics, TrainingEvent } from './events.ts';
import type { BatchRequest } from './samples.ts';
import { events, metricsOf, open, stored } from './testing.ts';
import { defaultSampler } from './train.ts';
import type { TrainingOptions, TrainingTask } from './training-task.ts';

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
      expect(m.dataShare).toBeGreaterThanOrEqual(0);
      expect(m.dataShare).toBeLessThan(1);
      expect(m.t).toBeGreaterThan(-1);
    }
  });

  test('checkpoints within an epoch come where they are asked for, and a training goes on from each to the same bits', async () => {
    const straight = stored(await events(await open()));
    const asked: number[] = [];
    const checkpointDue = (step: number): boolean => asked.push(step) > 0 && step % 2 === 0;
    const kept = new Map<number, Checkpoint>();
    await events({ ...(await open()), checkpointDue }, (event) => {
      if (event.type === 'checkpoint') kept.set(event.state.step, structuredClone(checkpointOf(event.state)));
    });
    expect([...kept.keys()]).toEqual([0, 2, 3, 4, 6]);
    expect(asked).toEqual([1, 2, 4, 5]);
    for (const [step, checkpoint] of kept) {
      const resumed = await events({ ...(await open()), state: stateFrom(checkpoint) });
      expect(metricsOf(resumed)).toHaveLength(6 - step);
      if (step < 6) expect(stored(resumed)).toEqual(straight);
    }
  });

  test('what a loss carries of classes is in every checkpoint, and goes on to the same bits', async () => {
    const loss = marginLoss({
      name: 'of-classes',
      scale: 4,
      initialClassValues: { mean: 0.2 },
      prepare: (ops, { cosTarget, labels, ofClass }) => {
        const seen = ops.sumOfClass(ops.constant(1), labels);
        const mean = ema(
          ops,
          ofClass.mean!,
          ops.div(ops.sumOfClass(cosTarget, labels), seen),
          ops.constant(0.3),
        );
        return { sampleValues: {}, next: {}, nextOfClass: { mean }, scale: ops.add(ops.constant(4), mean) };
      },
    });
    const given = async (): Promise<TrainingTask> => ({
      ...(await open()),
      head: await referenceBackend().createHead(loss),
    });
    const kept: Checkpoint[] = [];
    const straight = await events(await given(), (event) => {
      // As a file holds it.
      if (event.type !== 'checkpoint') return;
      const { tensors, values } = checkpointOf(event.state);
      kept.push({ tensors: structuredClone(tensors), values: JSON.parse(JSON.stringify(values)) });
    });
    const half = kept[1]!;
    const { mean } = half.values.lossState.classValues!;
    expect(mean!.length).toBeGreaterThan(1);
    expect(new Set(mean).size).toBeGreaterThan(1);
    const resumed = await events({ ...(await given()), state: stateFrom(half) });
    expect(stored(resumed)).toEqual(stored(straight));
    const lost = { ...half.values.lossState, classValues: { mean: mean!.slice(1) } };
    const state = { ...stateFrom(half), lossState: lost };
    await expect(events({ ...(await given()), state })).rejects.toThrow(/^mean of length/);
  });

  test.each([
    [24, 8, 1, 3],
    [24, 8, 3, 1],
    [24, 7, 1, 3],
    [24, 100, 1, 1],
    [24, 5, 2, 2],
  ])('%d samples in batches of %d×%d are %d steps', (count, batch, accumulate, steps) => {
    expect(defaultSampler(count, { batch, accumulate, seed: 1 }).steps).toBe(steps);
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
      subCenters: head.subCenters,
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

  test('batches made ahead are taken in the order of the requests, and closed when training ends', async () => {
    const given = await open({ batch: 4, accumulate: 2 });
    const straight = metricsOf(await events(given));
    for (const stopAt of [undefined, 4]) {
      let closed = false;
      const controller = new AbortController();
      const again = await open({ batch: 4, accumulate: 2 });
      async function* batches(requests: Iterable<BatchRequest>): AsyncGenerator<SampleData, void, undefined> {
        try {
          // All of them, long before they are needed.
          for (const { indices, key } of [...requests]) yield again.samples.batch(indices, key);
        } finally {
          closed = true;
        }
      }
      const all = await events(
        { ...again, samples: { ...again.samples, batches }, signal: controller.signal },
        (event) => event.type === 'step' && event.metrics.step === stopAt && controller.abort(),
      );
      expect(metricsOf(all).map(({ loss }) => loss)).toEqual(
        straight.slice(0, stopAt).map(({ loss }) => loss),
      );
      expect(closed).toBe(true);
    }
  });

  test('a kept last batch is a smaller step, and one that is dropped is counted', async () => {
    const seen: HeadInput[] = [];
    const given = await open({ batch: 5, accumulate: 2, lastBatch: 'keep' });
    const all = await events({ ...given, head: spied(given.head, seen) });
    expect(seen.map(({ labels }) => labels.length)).toEqual([10, 10, 6, 10, 10, 6]);
    const leftOut = (list: readonly TrainingEvent[]): readonly number[] =>
      list.flatMap((event) => (event.type === 'epoch' ? [event.leftOut] : []));
    expect(leftOut(all)).toEqual([0, 0]);
    expect(leftOut(await events(await open({ batch: 5, accumulate: 2 })))).toEqual([6, 6]);
  });

  test("a sampler of one's own says what each step sees", async () => {
    const seen: HeadInput[] = [];
    const given = await open();
    const sampler = {
      steps: 2,
      leftOut: 0,
      batches: (epoch: number) => [Uint32Array.of(epoch, 3, 3), Uint32Array.of(5)],
    };
    const all = await events({ ...given, sampler, head: spied(given.head, seen) });
    expect(seen.map(({ sampleKeys }) => [...(sampleKeys as Uint32Array)])).toEqual([
      [0, 3, 3],
      [5],
      [1, 3, 3],
      [5],
    ]);
    expect(all.at(-1)).toMatchObject({ step: 4, interrupted: false });
  });

  test('weights of samples and of classes reach the head as one', async () => {
    const seen: HeadInput[] = [];
    const given = await open();
    const { count, labels } = given.samples;
    const weights = Float64Array.from({ length: count }, (_, i) => i % 3);
    const classWeights = [1, 2, 0.5, 4, 3];
    const samples = { ...given.samples, weights, classWeights };
    await events({ ...given, samples, head: spied(given.head, seen) });
    for (const { sampleKeys, sampleWeights } of seen) {
      const expected = Array.from(sampleKeys!, (key) => (key % 3) * classWeights[labels[key]!]!);
      expect([...(sampleWeights as Float64Array)]).toEqual(expected);
    }
    await expect(events({ ...given, samples: { ...samples, weights: [1] } })).rejects.toThrow(
      'weights of length 1',
    );
    const bad = { ...samples, classWeights: [1, 1, -1, 1, 1] };
    await expect(events({ ...given, samples: bad })).rejects.toThrow('samples.classWeights[2] = -1');
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

  test('labels are integers in any array, or are named before the first step', async () => {
    const expected = stored(await events(await open()));
    const given = await open();
    const run = async (labels: unknown): Promise<TrainingEvent[]> =>
      events({ ...(await open()), samples: { ...given.samples, labels: labels as Int32Array } });
    const { labels } = given.samples;
    for (const same of [
      BigInt64Array.from(labels, BigInt),
      Float32Array.from(labels),
      [...labels].map(BigInt),
    ])
      expect(stored(await run(same))).toEqual(expected);
    const names = Array.from(labels, (label) => `person ${label}`);
    for (const wrong of [
      names,
      Array.from(labels, String),
      labels.map((l) => l - 99),
      Float32Array.of(0.5, ...labels.slice(1)),
    ])
      await expect(run(wrong)).rejects.toMatchObject({
        code: 'E_LABEL_RANGE',
        index: 0,
        fix: expect.stringContaining('buildLabelMap()'),
      });
  });

  test('a batch of another size than was asked for is refused', async () => {
    const given = await open();
    const batch = (): SampleData => ({ values: new Float32Array(42), shape: [7, 6] });
    await expect(events({ ...given, samples: { ...given.samples, batch } })).rejects.toThrow(
      /batch \[7, 6\], expected 8 samples/,
    );
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
  ['subCenters', { subCenters: 3 }],
  ['base', { schedule: { name: 'cosine', base: -1 } }],
])('names the option out of its range: %s', async (option, changes) => {
  await expect(events(await open(changes))).rejects.toThrow(`${option} = `);
});
