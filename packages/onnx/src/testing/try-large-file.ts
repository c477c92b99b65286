// Writes a model of more than 2 GB, reads it, embeds with it, trains its last layer for a step and writes it again:
// `pnpm try-large-file --gigabytes 2.3`. It takes about twice as much memory, and as much disk.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { GraphBuilder } from '../builder/graph-builder.ts';
import { readModelFile } from '../files/read-model-file.ts';
import { writeModelFile } from '../files/write-model-file.ts';
import { TensorProtoSchema } from '../model/messages/onnx_pb.js';
import type { Model } from '../model/model.ts';
import { bytesInside } from '../model/tensor-bytes.ts';
import { prepareModel } from '../passes/prepare-model.ts';
import { readWeights } from '../passes/with-weights.ts';
import { sessionModel } from '../runtime/session-model.ts';
import { createTrainingSession } from '../training/create-training-session.ts';

const WIDTH = 8192;
const DIM = 8;

/** Layers that each average all of their inputs, and a last one of eight outputs. */
function largeModel(bytes: number): Model {
  const b = new GraphBuilder();
  let x = b.input('data', 'float32', ['N', WIDTH]);
  const layers = Math.ceil(bytes / (4 * WIDTH * WIDTH));
  for (let i = 0; i < layers; i++) x = layer(b, x, `layer${i}`, [WIDTH, WIDTH]);
  b.output(layer(b, x, 'embedding', [WIDTH, DIM]), 'float32', ['N', DIM]);
  return b.build();
}

function layer(b: GraphBuilder, x: string, name: string, dims: readonly [number, number]): string {
  const data = new Float32Array(dims[0] * dims[1]).fill(1 / dims[0]);
  // Not createTensor, which copies.
  const tensor = {
    name: `${name}.weight`,
    dims: dims.map(BigInt),
    dataType: 1,
    rawData: new Uint8Array(data.buffer),
  };
  b.addInitializer(create(TensorProtoSchema, tensor));
  return b.op('MatMul', [x, tensor.name], {}, { name, outputs: [name] });
}

async function memory(): Promise<string> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  return `${gigabytes(process.memoryUsage().rss)} of memory now${peak === undefined ? '' : `, ${gigabytes(1024 * Number(peak))} at most`}`;
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s, ${await memory()}`);
  return result;
}

async function embed(model: Model): Promise<number> {
  const { bytes, options } = sessionModel(model);
  const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 3, ...options });
  const data = new runtime.Tensor('float32', new Float32Array(WIDTH).fill(2), [1, WIDTH]);
  const { embedding } = await session.run({ data });
  await session.release();
  return (embedding!.data as Float32Array)[0]!;
}

async function trainStep(model: Model): Promise<Model> {
  const optimiser = learnerOptimiser({ rule: sgd() });
  const last = `layer${model.graph!.node.length - 2}`;
  const session = await createTrainingSession({ runtime, model, optimiser, freezeUntil: last });
  await session.forward({
    values: new Float32Array(2 * WIDTH).fill(2),
    shape: [2, WIDTH],
    step: 0,
    position: 0,
  });
  await session.backward(new Float32Array(2 * DIM).fill(1));
  await session.update(0.1);
  const exported = session.exportModel();
  await session.dispose();
  return exported;
}

const { values } = parseArgs({ options: { gigabytes: { type: 'string', default: '2.3' } } });
const folder = await mkdtemp(join(tmpdir(), 'cf-large-'));
try {
  const path = join(folder, 'large.onnx');
  const { notes } = await step('written', async () =>
    writeModelFile(path, largeModel(1e9 * Number(values.gigabytes))),
  );
  for (const { text } of notes) console.log(`  ${text}`);
  for (const name of await readdir(folder))
    console.log(`  ${name}: ${(await stat(join(folder, name))).size} bytes`);
  const model = await step(
    'read',
    async () => prepareModel(await readModelFile(path), { keepShared: true }).model,
  );
  console.log(`  ${bytesInside(model)} bytes of weights`);
  const embedded = await step('embedded', () => embed(model));
  const trained = await step('a step of its last layer', () => trainStep(model));
  const weight = readWeights(trained, ['embedding.weight']).get('embedding.weight')!.data[0];
  await step('written again', () => writeModelFile(path, trained));
  console.log(`  embedding ${embedded}, a weight from ${1 / WIDTH} to ${weight}`);
  // Each layer gives the average: 2. The gradient of a weight is 2 a sample.
  const isRight = Math.abs(embedded - 2) < 1e-4 && Math.abs(Number(weight) - (1 / WIDTH - 0.4)) < 1e-4;
  console.log(isRight ? 'right' : 'WRONG');
  if (!isRight) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
