import { tinyIresnet } from '@cf/backbones';
import { NonFiniteError } from '@cf/core';
import { learnerOptimiser, sgd } from '@cf/training';
import { afterEach, describe, expect, test } from 'vitest';
import { onnxModel } from '../backbones/onnx-model.ts';
import { decodeModel, encodeModel } from '../model/codec.ts';
import type { TensorData } from '../model/tensor.ts';
import { smallImages, smallNet } from '../passes/testing.ts';
import { readWeights } from '../passes/with-weights.ts';
import { optimiserOf } from '../testing/optimiser-of.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { openModel } from '../testing/run-model.ts';
import type { TrainingSessionOptions, TrainingState } from './options.ts';
import { planTraining } from './plan.ts';
import { disposeAll, elsewhere, onEachKernels, open, upstream } from './testing.ts';
import type { TrainingSession } from './training-session.ts';

/** Updates on micro-batches of these sizes, each drawn from the update's number. */
async function train(
  session: TrainingSession,
  steps: readonly number[],
  sizes: readonly number[] = [4],
): Promise<void> {
  const batch = sizes.reduce((a, b) => a + b, 0);
  for (const step of steps) {
    const [images, gradient] = [smallImages(batch, step), upstream(batch, step)];
    let from = 0;
    for (const size of sizes) {
      await session.forward({
        values: images.slice(32 * from, 32 * (from + size)),
        shape: [size, 2, 4, 4],
        step,
        position: from,
      });
      await session.backward(gradient.slice(3 * from, 3 * (from + size)));
      from += size;
    }
    await session.update(0.1);
  }
}

const numbers = (values: ReadonlyMap<string, TensorData>): readonly number[] =>
  [...values.values()].flatMap(({ data }) => Array.from(data, Number));

function expectClose(
  actual: ReadonlyMap<string, TensorData>,
  expected: ReadonlyMap<string, TensorData>,
): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  numbers(expected).forEach((value, i) => {
    expect(numbers(actual)[i]).toBeCloseTo(value, 4);
  });
}

onEachKernels(() => {
  describe('repeats to the same bits', () => {
    test('with the same seed, not with another', async () => {
      const states = [];
      for (const seed of [5, 5, 6]) {
        const session = await open({ seed });
        await train(session, [0, 1, 2]);
        states.push(session.state());
      }
      expect(states[1]).toEqual(states[0]);
      expect(states[2]!.weights).not.toEqual(states[0]!.weights);
      expect(states[0]!.updates).toBe(3);
    });

    test.each<[string, Partial<TrainingSessionOptions>]>([
      ['where it goes on from a state', {}],
      ['where AdamW goes on from a state', { optimiser: optimiserOf({ name: 'adamw', weightDecay: 0.1 }) }],
    ])('%s', async (_, options) => {
      const whole = await open(options);
      await train(whole, [0, 1]);
      const state = whole.state();
      await train(whole, [2, 3]);
      const resumed = await open(options);
      resumed.load(state);
      await train(resumed, [2, 3]);
      expect(resumed.state()).toEqual(whole.state());
    });

    test('with activations checkpointed at places of a deeper network: statistics and masks move once', async () => {
      const model = onnxModel(tinyIresnet({ dropout: 0.4, embeddingSize: 3 }));
      const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });
      const { split } = planTraining({ model, optimiser, activations: 'checkpointed' });
      expect(split.saved.length).toBeGreaterThan(0);
      const images = randomTensor('float32', [3, 3, 56, 56], 1, (u) => 255 * u).data as Float32Array;
      const states: TrainingState[] = [];
      for (const activations of ['saved', 'checkpointed'] as const) {
        const session = await open({ model, optimiser, activations });
        for (const step of [0, 1]) {
          await session.forward({ values: images, shape: [3, 3, 56, 56], step, position: 0 });
          await session.backward(upstream(3, step));
          await session.update(0.1);
        }
        states.push(session.state());
      }
      const [saved, checkpointed] = states as [TrainingState, TrainingState];
      expect(checkpointed.statistics).toEqual(saved.statistics);
      expect(checkpointed.weights).toEqual(saved.weights);
    });

    test('with activations checkpointed, and in a runtime that does not write in place', async () => {
      const [saved, checkpointed, other] = [
        await open(),
        await open({ activations: 'checkpointed' }),
        await open({ runtime: elsewhere }),
      ];
      for (const session of [saved, checkpointed, other]) await train(session, [0, 1, 2], [2, 2]);
      expect(checkpointed.state()).toEqual(saved.state());
      expect(other.state()).toEqual(saved.state());
    });

    test('whatever shapes came between', async () => {
      const [plain, mixed] = [await open(), await open()];
      await train(plain, [0, 1]);
      await train(mixed, [0]);
      const state = mixed.state();
      await train(mixed, [7], [2]);
      mixed.load(state);
      await train(mixed, [1]);
      expect(mixed.state()).toEqual(plain.state());
    });
  });

  describe('micro-batches', () => {
    test('add up to the batch where statistics are frozen: masks do not depend on the split', async () => {
      const [whole, split] = [await open({ freezeBn: true }), await open({ freezeBn: true })];
      await train(whole, [0, 1], [5]);
      await train(split, [0, 1], [2, 2, 1]);
      expectClose(split.weights(), whole.weights());
    });

    test('gradients are there until the update', async () => {
      const session = await open();
      expect(session.gradients().size).toBe(0);
      await session.forward({ values: smallImages(2, 1), shape: [2, 2, 4, 4], step: 0, position: 0 });
      await session.backward(upstream(2, 1));
      expect([...session.gradients().keys()]).toEqual(session.parameters.map(({ name }) => name));
      const bias = session.gradients().get('linear.bias')!;
      const [a, b] = [upstream(2, 1).slice(0, 3), upstream(2, 1).slice(3)];
      bias.data.forEach((value, i) => {
        expect(Number(value)).toBeCloseTo(a[i]! + b[i]!, 6);
      });
      const { gradientNorm } = await session.update(0.1);
      expect(gradientNorm).toBeGreaterThan(0);
      expect(session.gradients().size).toBe(0);
    });
  });

  test('dropout takes other features in every step, the same ones when a step is repeated', async () => {
    const model = smallNet({ dropout: 0.5 });
    const session = await open({ model, freezeBn: true });
    const images = smallImages(64, 1);
    const run = async (step: number): Promise<Float32Array> => {
      const embeddings = (
        await session.forward({ values: images, shape: [64, 2, 4, 4], step, position: 0 })
      ).slice();
      await session.backward(upstream(64, 1));
      return embeddings;
    };
    const first = await run(0);
    session.load({});
    expect(await run(0)).toEqual(first);
    session.load({});
    expect(await run(1)).not.toEqual(first);
  });

  test('what is exported is the model that was given, with what it learnt', async () => {
    const model = smallNet();
    const before = encodeModel(model);
    const session = await open({ model });
    await train(session, [0, 1, 2]);
    const exported = decodeModel(encodeModel(session.exportModel()));
    expect(encodeModel(model)).toEqual(before);
    const weights = session.weights();
    expect(readWeights(exported, weights.keys())).toEqual(weights);
    expect(weights).not.toEqual(readWeights(model, weights.keys()));
    // With statistics frozen, the training graph of what was exported computes what the file itself does.
    const images = smallImages(3, 9);
    const frozen = await open({ model: exported, freezeBn: true });
    const expected = await frozen.forward({ values: images, shape: [3, 2, 4, 4], step: 0, position: 0 });
    const inference = await openModel(exported);
    const { embedding } = await inference.run({
      data: { type: 'float32', dims: [3, 2, 4, 4], data: images },
    });
    await inference.release();
    expected.forEach((value, i) => {
      expect(Number(embedding!.data[i])).toBeCloseTo(value, 5);
    });
  });

  describe('a number that is not finite', () => {
    test('in a gradient stops the update and leaves everything as it was', async () => {
      const session = await open({ optimiser: optimiserOf({ name: 'sgd', momentum: 0.9 }) });
      await train(session, [0]);
      const before = session.state();
      await session.forward({ values: smallImages(2, 3), shape: [2, 2, 4, 4], step: 1, position: 0 });
      await session.backward(new Float32Array(6).fill(3e38));
      await expect(session.update(0.1)).rejects.toThrow(NonFiniteError);
      expect(session.state()).toEqual(before);
      await train(session, [1]);
      expect(numbers(session.weights()).every(Number.isFinite)).toBe(true);
    });

    test('in images or in what comes back is named; statistics stay', async () => {
      const session = await open();
      const before = session.state();
      const images = smallImages(2, 1);
      images[5] = Number.NaN;
      await expect(
        session.forward({ values: images, shape: [2, 2, 4, 4], step: 0, position: 0 }),
      ).rejects.toThrow(/embeddings\[0\] = NaN/);
      expect(session.state()).toEqual(before);
      await session.forward({ values: smallImages(2, 1), shape: [2, 2, 4, 4], step: 0, position: 0 });
      const gradient = upstream(2, 1);
      gradient[4] = Number.POSITIVE_INFINITY;
      await expect(session.backward(gradient)).rejects.toThrow(/gradient\[4\] = Infinity/);
      expect(session.state()).toEqual(before);
      // Nor does anything of the batch lie in what comes after it.
      await train(session, [0]);
      const fresh = await open();
      await train(fresh, [0]);
      expect(session.state()).toEqual(fresh.state());
    });
  });

  afterEach(disposeAll);
});
