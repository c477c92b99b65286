import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { encodeModel } from '../../model/codec.ts';
import { graphOf, type Model } from '../../model/model.ts';
import { withFields } from '../../model/with-fields.ts';
import { ValueTable } from '../../shapes/value-table.ts';
import { randomTensor } from '../../testing/random-tensor.ts';
import { splitGradient } from '../split-gradient.ts';
import { runOrder } from './run-order.ts';
import { deepNet } from './testing.ts';

/** Names of the nodes, as onnxruntime runs them. */
async function nodesRun(model: Model, level: 'disabled' | 'all' = 'disabled'): Promise<readonly string[]> {
  const values = new ValueTable(model);
  const folder = await mkdtemp(join(tmpdir(), 'cf-order-'));
  try {
    const session = await InferenceSession.create(encodeModel(model), {
      graphOptimizationLevel: level,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
      logSeverityLevel: 3,
    });
    const feeds = session.inputNames.map((name, i) => {
      const dims = values.shape(name) as readonly number[];
      return [name, new Tensor('float32', randomTensor('float32', dims, i).data as Float32Array, dims)];
    });
    await session.run(Object.fromEntries(feeds));
    session.endProfiling();
    await session.release();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file!), 'utf8')) as { name: string }[];
    return events.flatMap(({ name }) => /^(.*)_kernel_time$/.exec(name)?.[1] ?? []);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Every node with a name of its own. */
function numbered(model: Model): Model {
  const graph = graphOf(model);
  const node = graph.node.map((one, i) => withFields(one, { name: `${one.opType}/${i}` }));
  return withFields(model, { graph: withFields(graph, { node }) });
}

test.each(['saved', 'checkpointed'] as const)(
  'is the order in which onnxruntime runs a way back, activations %s',
  async (activations) => {
    const { model, wrt } = deepNet(6, true);
    const { backward } = splitGradient(model, { of: 'y', wrt, seed: 'seed', activations });
    const ordered = numbered(backward);
    const expected = runOrder(graphOf(ordered)).filter(({ opType }) => opType !== 'Constant');
    expect(await nodesRun(ordered)).toEqual(expected.map(({ name }) => name));
  },
);

test('optimised as well, gradients of weights come layer by layer from the last to the first', async () => {
  const { model, wrt } = deepNet(6, true);
  const { backward, gradients } = splitGradient(model, { of: 'y', wrt, seed: 'seed' });
  const named = numbered(backward);
  const makers = new Map(graphOf(named).node.flatMap((node) => node.output.map((name) => [name, node.name])));
  const ends = wrt.map((name) => makers.get(gradients.get(name)!)!);
  const run = await nodesRun(named, 'all');
  expect(run.filter((name) => ends.includes(name))).toEqual(ends.toReversed());
});
