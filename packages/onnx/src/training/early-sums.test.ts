import { type Communicator, InProcessRanks } from '@cf/core';
import type { LearnerBatch } from '@cf/training';
import { afterEach, expect, test } from 'vitest';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { oneDnn } from '../kernels/onednn/testing/compare.ts';
import type { Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { randomTensor } from '../testing/random-tensor.ts';
import { disposeAll, kernelsNow, onEachKernels, open, upstream } from './testing.ts';
import type { TrainingSession } from './training-session.ts';

const [INPUT, WIDTH] = [8, 1024];

/** Layers whose second has enough for a call of its own: [N, 8] to [N, 3]. */
function wideNet(): Model {
  const net = new GraphBuilder();
  const weight = (name: string, dims: readonly number[], seed: number): string =>
    net.initializer(
      name,
      randomTensor('float32', dims, seed, (u) => (u - 0.5) / Math.sqrt(dims[0]!)),
    );
  let x = net.input('data', 'float32', ['N', INPUT]);
  x = net.op('Relu', [net.op('MatMul', [x, weight('first', [INPUT, WIDTH], 1)])]);
  x = net.op('Relu', [net.op('MatMul', [x, weight('second', [WIDTH, WIDTH], 2)])]);
  net.op('MatMul', [x, weight('third', [WIDTH, 3], 3)], {}, { outputs: ['embedding'] });
  net.output('embedding', 'float32', ['N', 3]);
  return net.build();
}

/** Samples of one rank; how many differs. */
const batchOf = (rank: number, part: number): LearnerBatch => {
  const count = 2 + rank;
  const values = randomTensor('float32', [count, INPUT], 10 * part + rank).data as Float32Array;
  return { values, shape: [count, INPUT], step: 0, position: 0 };
};

/** A micro-batch or two on each rank, and their sum. @param takesEarly whether the last is told of the ranks */
async function sums(
  takesEarly: boolean,
  micro: number,
): Promise<{ readonly sessions: readonly TrainingSession[]; readonly told: readonly string[][] }> {
  const ranks = new InProcessRanks(2);
  const sessions = [await open({ model: wideNet() }), await open({ model: wideNet() })];
  const told: string[][] = [[], []];
  await Promise.all(
    sessions.map(async (session, rank) => {
      const plain = ranks.communicator(rank);
      const communicator: Communicator = {
        ...plain,
        allReduce(values, operation) {
          told[rank]!.push(`${values.length} numbers`);
          return plain.allReduce(values, operation);
        },
      };
      for (let part = 0; part < micro; part++) {
        const batch = batchOf(rank, part);
        await session.forward(batch);
        const isLast = part === micro - 1;
        await session.backward(
          upstream(batch.shape[0]!, part),
          takesEarly && isLast ? communicator : undefined,
        );
      }
      told[rank]!.push('the way back has ended');
      await session.sumGradients(communicator);
    }),
  );
  return { sessions, told };
}

/** To the bit. Of a million numbers nobody reads what differs. */
function expectSame(
  actual: ReadonlyMap<string, TensorData>,
  expected: ReadonlyMap<string, TensorData>,
): void {
  const bytes = ({ data }: TensorData): Uint8Array =>
    new Uint8Array((data as Float32Array).buffer, data.byteOffset, data.byteLength);
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, tensor] of actual)
    expect(Buffer.compare(bytes(tensor), bytes(expected.get(name)!)), name).toBe(0);
}

afterEach(disposeAll);

onEachKernels(() => {
  test.each([1, 2])('gradients of %d micro-batches meet those of other ranks as they come', async (micro) => {
    const late = await sums(false, micro);
    const early = await sums(true, micro);
    for (const session of early.sessions) expectSame(session.gradients(), late.sessions[0]!.gradients());
    const isOneDnn = oneDnn !== undefined && kernelsNow().kernels !== undefined;
    for (const told of late.told) expect(told[0]).toBe('the way back has ended');
    // The third layer and the second, before the first has been computed.
    if (isOneDnn)
      for (const told of early.told)
        expect(told).toEqual([
          `${WIDTH * (WIDTH + 3)} numbers`,
          'the way back has ended',
          `${INPUT * WIDTH} numbers`,
        ]);
    else for (const told of early.told) expect(told[0]).toBe('the way back has ended');
    const norms = await Promise.all(early.sessions.map((session) => session.update(0.1)));
    expect(norms[0]).toEqual(norms[1]);
    const [first, second] = early.sessions.map((session) => session.state().weights);
    expectSame(first!, second!);
  });

  test('a rank that fails is told of where the sums are waited for, and no other way back comes between', async () => {
    const ranks = new InProcessRanks(2);
    const session = await open({ model: wideNet() });
    const batch = batchOf(0, 0);
    await session.forward(batch);
    await session.backward(upstream(2, 0), ranks.communicator(0));
    await session.forward(batch);
    await expect(session.backward(upstream(2, 0))).rejects.toThrow(/sumGradients/);
    const summing = session.sumGradients(ranks.communicator(0));
    ranks.fail(new Error('rank 1 is gone'));
    await expect(summing).rejects.toThrow('rank 1 is gone');
  });
});
