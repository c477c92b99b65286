import {
  adaFace,
  arcFace,
  createRandom,
  type MarginLoss,
  referenceBackend,
  StateMismatchError,
  softmax,
  sphereFace2,
} from '@cf/core';
import { describe, expect, test } from 'vitest';
import { adamw } from '../optimiser/adamw.ts';
import { sgd } from '../optimiser/sgd.ts';
import { linearOptions, linearSamples, linearTask } from '../testing/linear-task.ts';
import { stateFrom } from './checkpoint.ts';
import { events, loss, open, stored, task } from './testing.ts';
import { firstHeadState } from './training-state.ts';
import type { TrainingOptions, TrainingTask } from './training-task.ts';

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
    await expect(
      go({ samples: linearSamples({ ...task, classes: 6, classWeights: [1, 1, 1, 1, 1, 1] }) }),
    ).rejects.toThrow(StateMismatchError);
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
