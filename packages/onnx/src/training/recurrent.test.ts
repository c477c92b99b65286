import { afterEach, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Model } from '../model/model.ts';
import { smallImages } from '../passes/testing.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { disposeAll, open, upstream } from './testing.ts';
import type { TrainingSession } from './training-session.ts';

const [CHANNELS, HIDDEN, DIM] = [2, 5, 3];

/** The rows of an image one after the other through a layer with memory; its last output, and a linear layer. */
function recurrentNet(operator: 'LSTM' | 'GRU' | 'RNN', gates: number): Model {
  const builder = new GraphBuilder();
  const ints = (...data: number[]): string =>
    builder.constant({ type: 'int64', dims: [data.length], data: BigInt64Array.from(data, BigInt) });
  const images = builder.input('data', 'float32', ['N', CHANNELS, 4, 4]);
  const rows = builder.op('Reshape', [
    builder.op('Transpose', [images], { perm: { ints: [2, 0, 1, 3] } }),
    ints(4, -1, CHANNELS * 4),
  ]);
  const weight = (name: string, dims: readonly number[], seed: number): string =>
    builder.initializer(name, randomTensor('float32', dims, seed));
  const inputs = [
    rows,
    weight('memory.W', [1, gates * HIDDEN, CHANNELS * 4], 1),
    weight('memory.R', [1, gates * HIDDEN, HIDDEN], 2),
    weight('memory.B', [1, 2 * gates * HIDDEN], 3),
  ];
  builder.node(operator, inputs, { hidden_size: { int: HIDDEN } }, { outputs: ['', 'last'] });
  const flat = builder.op('Squeeze', ['last', ints(0)]);
  const embedding = builder.op('Gemm', [
    flat,
    weight('linear.weight', [HIDDEN, DIM], 4),
    weight('linear.bias', [DIM], 5),
  ]);
  builder.op('Identity', [embedding], {}, { outputs: ['embedding'] });
  builder.output('embedding', 'float32', ['N', DIM]);
  return builder.build();
}

async function step(session: TrainingSession, at: number): Promise<void> {
  await session.forward({ values: smallImages(6, at), shape: [6, CHANNELS, 4, 4], step: at, position: 0 });
  await session.backward(upstream(6, at));
  await session.update(0.1);
}

test.each([
  ['LSTM', 4],
  ['GRU', 3],
  ['RNN', 1],
] as const)(
  'a network with %s trains, every weight of it, to the same bits either way',
  async (operator, gates) => {
    const model = recurrentNet(operator, gates);
    const [saved, checkpointed] = [await open({ model }), await open({ model, activations: 'checkpointed' })];
    const before = saved.weights();
    for (const session of [saved, checkpointed]) for (const at of [0, 1, 2]) await step(session, at);
    expect(checkpointed.state()).toEqual(saved.state());
    const after = saved.weights();
    expect([...after.keys()].sort()).toEqual([
      'linear.bias',
      'linear.weight',
      'memory.B',
      'memory.R',
      'memory.W',
    ]);
    for (const [name, { data }] of after) expect(data, name).not.toEqual(before.get(name)!.data);
  },
);

afterEach(disposeAll);
