import { InProcessRanks, StateMismatchError } from '@cf/core';
import type { Learner, LearnerBatch, NamedTensor, NamedTensors } from '@cf/training';
import { afterEach, describe, expect, test } from 'vitest';
import { OnnxGraphError } from '../errors.ts';
import { smallImages, smallNet } from '../passes/testing.ts';
import { onnxLearner } from './onnx-learner.ts';
import type { TrainingSessionOptions } from './options.ts';
import { disposeAll, onEachKernels, open, upstream } from './testing.ts';

const learner = async (options: Partial<TrainingSessionOptions> = {}): Promise<Learner> =>
  onnxLearner(await open(options));

/** Pictures `from` to `to` of a step. */
const pictures = (step: number, from: number, to: number): LearnerBatch => ({
  values: smallImages(6, step).slice(32 * from, 32 * to),
  shape: [to - from, 2, 4, 4],
  step,
  position: from,
});

/** One optimiser step on six pictures, in parts of these sizes; gives the embeddings of all of them. */
async function stepOn(network: Learner, step: number, sizes: readonly number[]): Promise<number[]> {
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b, 0));
  const parts = ends.map((end, i) => pictures(step, end - sizes[i]!, end));
  const embeddings: number[] = [];
  for (const part of parts) embeddings.push(...(await network.embed(part)));
  const gradient = upstream(6, step);
  for (const part of parts) {
    await network.forward(part);
    const from = 3 * part.position;
    await network.backward(gradient.slice(from, from + 3 * part.shape[0]!));
  }
  await network.update(0.1);
  return embeddings;
}

const numbers = (state: NamedTensors): number[] => [...state.values()].flatMap(({ data }) => [...data]);

onEachKernels(() => {
  test('ranks have the gradients of all, and move alike', async () => {
    const ranks = new InProcessRanks(2);
    const sessions = [await open(), await open()];
    const networks = sessions.map((session) => onnxLearner(session));
    for (const [rank, network] of networks.entries()) {
      await network.forward(pictures(0, 3 * rank, 3 * rank + 3));
      await network.backward(upstream(6, 0).slice(9 * rank, 9 * rank + 9));
    }
    const own = sessions.map((session) => session.gradients());
    await Promise.all(networks.map((network, rank) => network.sumGradients!(ranks.communicator(rank))));
    for (const session of sessions)
      for (const [name, { data }] of session.gradients()) {
        const [a, b] = own.map((gradients) => gradients.get(name)!.data as Float32Array);
        expect(data).toEqual(a!.map((value, i) => value + b![i]!));
      }
    for (const network of networks) await network.update(0.1);
    const [first, second] = await Promise.all(networks.map((network) => network.state()));
    expect(second).toEqual(first);
  });

  test('ranks carry running statistics on from the mean of what each has seen', async () => {
    const ranks = new InProcessRanks(2);
    const statistics = (state: NamedTensors) =>
      [...state].flatMap(([name, { data }]) => (name.startsWith('statistics/') ? [...data] : []));
    const networks = [await learner(), await learner()];
    for (const step of [0, 1]) {
      const own: number[][] = [];
      for (const [rank, network] of networks.entries()) {
        await network.forward(pictures(step, 3 * rank, 3 * rank + 3));
        await network.backward(upstream(6, step).slice(9 * rank, 9 * rank + 9));
        own.push(statistics(await network.state()));
      }
      expect(own[0]).not.toEqual(own[1]);
      await Promise.all(networks.map((network, rank) => network.sumGradients!(ranks.communicator(rank))));
      for (const network of networks) {
        await network.update(0.1);
        const mean = own[0]!.map((value, i) => Math.fround(Math.fround(value + own[1]![i]!) / 2));
        expect(statistics(await network.state())).toEqual(mean);
      }
    }
    // A batch that fails goes back to what all have.
    const before = await networks[0]!.state();
    await networks[0]!.forward(pictures(2, 0, 3));
    await expect(networks[0]!.backward(new Float32Array(9).fill(Number.NaN))).rejects.toThrow(/gradient/);
    expect(await networks[0]!.state()).toEqual(before);
  });

  describe('embed', () => {
    test('gives the embeddings of forward, with batch statistics and masks, and moves nothing', async () => {
      const network = await learner();
      await stepOn(network, 0, [6]);
      const before = await network.state();
      const embedded = Float32Array.from(await network.embed(pictures(1, 2, 6)));
      expect(await network.state()).toEqual(before);
      expect(Float32Array.from(await network.embed({ ...pictures(1, 2, 6), position: 0 }))).not.toEqual(
        embedded,
      );
      expect(Float32Array.from(await network.forward(pictures(1, 2, 6)))).toEqual(embedded);
      expect(await network.state()).not.toEqual(before);
    });

    test('between a forward and its backward leaves the gradients as they are', async () => {
      const [plain, looked] = [await learner(), await learner()];
      for (const network of [plain, looked]) {
        await network.forward(pictures(0, 0, 6));
        if (network === looked) await network.embed({ ...pictures(3, 0, 6), position: 6 });
        await network.backward(upstream(6, 0));
        await network.update(0.1);
      }
      expect(await looked.state()).toEqual(await plain.state());
    });
  });

  test('micro-batches are the large batch where no statistics are of a batch', async () => {
    const [whole, split] = [await learner({ freezeBn: true }), await learner({ freezeBn: true })];
    for (const step of [0, 1, 2]) {
      const expected = await stepOn(whole, step, [6]);
      const actual = await stepOn(split, step, [2, 3, 1]);
      for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 4);
    }
    const [expected, actual] = [numbers(await whole.state()), numbers(await split.state())];
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 4);
  });

  describe('a state', () => {
    test('is of named tensors, and goes on to the same bits', async () => {
      const [straight, resumed] = [await learner(), await learner()];
      const trained = [
        'conv.weight',
        'conv.bias',
        'bn.weight',
        'bn.bias',
        'prelu.slope',
        'linear.weight',
        'linear.bias',
      ];
      await stepOn(straight, 0, [6]);
      const state = await straight.state();
      expect([...state.keys()]).toEqual([
        ...trained.map((name) => `weights/${name}`),
        'statistics/bn.mean',
        'statistics/bn.var',
        ...trained.map((name) => `optimiser/momentum/${name}`),
        'updates',
      ]);
      expect(state.get('updates')!.data[0]).toBe(1);
      await stepOn(straight, 1, [6]);
      await resumed.load(state);
      await stepOn(resumed, 1, [6]);
      expect(await resumed.state()).toEqual(await straight.state());
    });

    test.each<[string, (state: Map<string, NamedTensor>) => unknown, RegExp]>([
      ['without a tensor', (state) => state.delete('weights/conv.bias'), /without 'weights\/conv\.bias'/],
      [
        'with a foreign one',
        (state) => state.set('weights/x', { shape: [], data: Float32Array.of(0) }),
        /'weights\/x'/,
      ],
      [
        'of another shape',
        (state) => state.set('weights/conv.bias', { shape: [1], data: Float32Array.of(0) }),
        /conv\.bias/,
      ],
    ])('%s is refused, and nothing moves', async (_, change, message) => {
      const network = await learner();
      const before = await network.state();
      await stepOn(network, 0, [6]);
      const after = await network.state();
      const broken = new Map(before);
      change(broken);
      const loading = network.load(broken);
      await expect(loading).rejects.toThrow(StateMismatchError);
      await expect(loading).rejects.toThrow(message);
      expect(await network.state()).toEqual(after);
    });
  });

  test('the length of an embedding must be known', async () => {
    const session = await open({ model: smallNet() });
    expect(onnxLearner(session).embeddingSize).toBe(3);
    const untold = Object.create(session, { embeddingSize: { value: undefined } }) as typeof session;
    expect(() => onnxLearner(untold)).toThrow(OnnxGraphError);
    expect(onnxLearner(untold, 3).embeddingSize).toBe(3);
  });

  afterEach(disposeAll);
});
