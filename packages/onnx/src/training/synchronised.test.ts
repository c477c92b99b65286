import { InProcessRanks } from '@cf/core';
import { type LearnerBatch, learnerOptimiser, sgd } from '@cf/training';
import koffi from 'koffi';
import * as runtime from 'onnxruntime-node';
import { afterEach, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { needsOneDnn, oneDnn } from '../kernels/onednn/testing/compare.ts';
import type { Model } from '../model/model.ts';
import { oneDnnKernels } from '../onednn.ts';
import { smallNet } from '../passes/testing.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { createTrainingSession } from './create-training-session.ts';
import type { TrainingSessionOptions } from './options.ts';
import { disposeAll, open, upstream } from './testing.ts';
import type { TrainingSession } from './training-session.ts';

afterEach(disposeAll);

/** Normalisations with a ReLU behind them, of many values a channel, and of vectors: [N, 2, size, size] to [N, 3]. */
function reluNet(channels: number, size: number): Model {
  const net = new GraphBuilder();
  let seed = 10;
  const weight = (name: string, dims: readonly number[], map?: (u: number) => number): string =>
    net.initializer(name, randomTensor('float32', dims, seed++, map));
  const normalised = (x: string, name: string, width: number): string => {
    const parts = ['scale', 'shift', 'mean', 'variance'].map((part) =>
      weight(`${name}.${part}`, [width], (u) => (part === 'variance' ? u + 0.5 : u)),
    );
    return net.op('BatchNormalization', [x, ...parts], {}, { name });
  };
  let x = net.input('data', 'float32', ['N', 2, size, size]);
  x = net.op('Conv', [x, weight('conv', [channels, 2, 1, 1])], { kernel_shape: { ints: [1, 1] } });
  x = net.op('Relu', [normalised(x, 'first', channels)]);
  x = net.op('Conv', [x, weight('conv2', [channels, channels, 1, 1])], { kernel_shape: { ints: [1, 1] } });
  x = net.op('Relu', [normalised(x, 'second', channels)]);
  x = net.op('Flatten', [net.op('GlobalAveragePool', [x])]);
  const plain = net.op('MatMul', [x, weight('plain', [channels, 3])]);
  x = net.op('MatMul', [x, weight('linear', [channels, 3])]);
  // Before a normalisation alone, whatever adds to a channel has a gradient of 0.
  net.op('Add', [plain, normalised(x, 'last', 3)], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 3]);
  return net.build();
}

const PICTURES = 7;

/** Pictures `from` to `to` of a step. */
function pictures(step: number, size: number, from: number, to: number): LearnerBatch {
  const ofOne = 2 * size * size;
  const { data } = randomTensor('float32', [PICTURES, 2, size, size], 100 + step, (u) => 255 * u);
  const values = (data as Float32Array).slice(from * ofOne, to * ofOne);
  return { values, shape: [to - from, 2, size, size], step, position: from };
}

/** @param size of what it is a part of; by default its own */
function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  size = Math.max(...Array.from(expected, Math.abs)),
): void {
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(3e-4 * size);
}

describe.skipIf(oneDnn === undefined)(`statistics over the pictures of all ranks${needsOneDnn}`, () => {
  test.each<[string, Model, number, Partial<TrainingSessionOptions>, number]>([
    ['a small network', smallNet(), 4, {}, 2],
    ['dropout', smallNet({ dropout: 0.5 }), 4, {}, 3],
    ['few values a channel', reluNet(16, 3), 3, {}, 2],
    ['many values a channel, computed again', reluNet(16, 40), 40, { activations: 'checkpointed' }, 3],
    ['channels that fill no block', reluNet(5, 40), 40, {}, 2],
  ])('%s: ranks are one with all pictures', async (_, model, size, options, count) => {
    const ranks = new InProcessRanks(count);
    const whole = await open({ model, ...options });
    const kernels = oneDnnKernels({ koffi });
    const sessions: TrainingSession[] = [];
    for (let rank = 0; rank < count; rank++)
      sessions.push(await open({ model, ...options, kernels, synchronise: ranks.communicator(rank) }));
    const cut = (rank: number): number => Math.floor((rank * PICTURES) / count);
    for (const step of [0, 1]) {
      const gradient = upstream(PICTURES, step);
      const expected = Float32Array.from(await whole.forward(pictures(step, size, 0, PICTURES)));
      await whole.backward(gradient);
      const embeddings = await Promise.all(
        sessions.map(async (session, rank) => {
          const [from, to] = [cut(rank), cut(rank + 1)];
          const own = Float32Array.from(await session.forward(pictures(step, size, from, to)));
          await session.backward(gradient.slice(3 * from, 3 * to));
          await session.sumGradients(ranks.communicator(rank));
          return Array.from(own);
        }),
      );
      expectClose(embeddings.flat(), expected);
      const wanted = whole.gradients();
      // Of a bias before a normalisation nothing is left but rounding.
      const numbers = [...wanted.values()].flatMap(({ data }) => Array.from(data as Float32Array, Math.abs));
      for (const session of sessions)
        for (const [name, { data }] of session.gradients())
          expectClose(data as Float32Array, wanted.get(name)!.data as Float32Array, Math.max(...numbers));
      await Promise.all([whole, ...sessions].map((session) => session.update(0.01)));
      for (const session of sessions) {
        expect(session.state()).toEqual(sessions[0]!.state());
        for (const [name, { data }] of session.state().statistics)
          expectClose(data as Float32Array, whole.state().statistics.get(name)!.data as Float32Array);
      }
    }
  });
});

test('the graphs of onnxruntime refuse to meet, unless there is nothing to meet for', async () => {
  const synchronise = new InProcessRanks(1).communicator(0);
  const given = { runtime, model: smallNet(), optimiser: learnerOptimiser({ rule: sgd() }), synchronise };
  await expect(createTrainingSession(given)).rejects.toThrow(
    /^statistics of a batch over ranks on the graphs of onnxruntime.*\n.*oneDnnKernels/s,
  );
  await (await createTrainingSession({ ...given, freezeBn: true })).dispose();
});
