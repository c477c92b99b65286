// One part of the measurement, in a process of its own: the task is its argument as JSON, and what it measured is the last
// line that it prints, as JSON.
import { tinyIresnet } from '@cf/backbones';
import { curricularFace, initialState } from '@cf/core';
import {
  createTrainingSession,
  GraphBuilder,
  onnxBackend,
  onnxModel,
  proveProvider,
  sessionOpener,
} from '@cf/onnx';
import { learnerOptimiser, sgd } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { type HeadTask, headProblem } from '../head/head-task.ts';
import { median, secondsOf } from '../timing.ts';
import { uniform, uniformFloats } from '../uniform.ts';

/** What a part is asked for. */
export interface PartTask {
  readonly part: 'proof' | 'product' | 'head' | 'backbone';
  readonly provider: string;
  /** Steps that count, after others that don't. */
  readonly steps: number;
  readonly warmUp: number;
  readonly batch: number;
  readonly dim: number;
  readonly classes: number;
  /** Bytes of a tile's cosines. */
  readonly cacheBytes: number;
  /** Side of the matrices of a product, and how many products stand in a row. */
  readonly side: number;
  readonly chain: number;
}

const optimiser = learnerOptimiser({ rule: sgd({ momentum: 0.9 }) });

/** Median seconds of the steps that count. */
async function timed({ steps, warmUp }: PartTask, run: (step: number) => Promise<unknown>): Promise<number> {
  const seconds: number[] = [];
  for (let step = 0; step < warmUp + steps; step++) seconds.push(await secondsOf(() => run(step)));
  return median(seconds.slice(warmUp));
}

/** Products in a row on the card: nothing but one number goes to it and comes back. */
async function product(task: PartTask): Promise<object> {
  const { provider, side, chain } = task;
  const builder = new GraphBuilder({ name: 'products' });
  const shape = builder.constant({
    type: 'int64',
    dims: [2],
    data: BigInt64Array.from([side, side], BigInt),
  });
  const matrix = builder.op('Expand', [builder.input('x', 'float32', [1, 1]), shape]);
  let y = matrix;
  for (let i = 0; i < chain; i++) y = builder.op('MatMul', [y, matrix]);
  builder.op('ReduceMax', [y], { keepdims: { int: 0 } }, { outputs: ['largest'] });
  builder.output('largest', 'float32', []);
  const opener = await sessionOpener(runtime, { executionProviders: [provider], logSeverityLevel: 3 });
  const session = await opener.open(builder.build());
  const x = new runtime.Tensor('float32', Float32Array.of(1 / side), [1, 1]);
  const largest = new runtime.Tensor('float32', new Float32Array(1), []);
  const seconds = await timed(task, () => session.run({ x }, { largest }));
  await session.release();
  const value = (largest.data as Float32Array)[0]!;
  if (!(Math.abs(value * side - 1) < 1e-3)) throw new Error(`products give ${value}, expected ${1 / side}`);
  return { seconds, tflops: (2 * chain * side ** 3) / seconds / 1e12 };
}

/** A step of CurricularFace: X and W of the processor in, ∂X and ∂W out. */
async function head(task: PartTask): Promise<object> {
  const { provider, batch, dim, classes, cacheBytes } = task;
  const shape = { batch, dim, classes, subCenters: 1, regime: 'init', seed: 1 } as const;
  const { embeddings, weights, labels } = headProblem(shape as unknown as HeadTask);
  const loss = curricularFace({ scale: 64, margin: 0.5 });
  const backend = await onnxBackend({ runtime, provider, cacheBytes });
  const opened = await backend.createHead(loss);
  let gradWeights = new Float32Array(weights.length);
  let value = 0;
  const state = initialState(loss);
  const seconds = await timed(task, async () => {
    const given = { embeddings, weights, labels, dim, gradWeights, countNegatives: false, state };
    const output = await opened.step(given);
    gradWeights = output.gradWeights as Float32Array<ArrayBuffer>;
    value = output.loss;
  });
  opened.dispose();
  await backend.dispose();
  return { seconds, loss: value };
}

/** A training step of tiny-iresnet: pictures of the processor in, and the gradients of all weights out. */
async function backbone(task: PartTask): Promise<object> {
  const { provider, batch, warmUp } = task;
  const network = tinyIresnet();
  const session = await createTrainingSession({
    runtime,
    model: onnxModel(network),
    optimiser,
    executionProviders: [provider],
  });
  const side = network.inputSize;
  const draw = uniform(1);
  const values = uniformFloats(batch * 3 * side * side, draw).map((u) => 127.5 * (1 + u));
  const gradient = uniformFloats(batch * network.embeddingSize, draw);
  const times = { forward: [] as number[], backward: [] as number[], update: [] as number[] };
  await timed(task, async (step) => {
    const shape = [batch, 3, side, side];
    times.forward.push(await secondsOf(() => session.forward({ values, shape, step, position: 0 })));
    times.backward.push(await secondsOf(() => session.backward(gradient)));
    times.update.push(await secondsOf(() => session.update(0)));
  });
  await session.dispose();
  const [forward, backward, update] = [times.forward, times.backward, times.update].map((all) =>
    median(all.slice(warmUp)),
  ) as [number, number, number];
  return { forward, backward, update, imagesPerSecond: batch / (forward + backward) };
}

async function proof({ provider }: PartTask): Promise<object> {
  const loss = curricularFace();
  const { head: ofHead, network } = await proveProvider({
    runtime,
    provider,
    head: { loss },
    network: { optimiser },
  });
  return { head: ofHead, network };
}

// Products of cuda have ten bits otherwise.
process.env.NVIDIA_TF32_OVERRIDE ??= '0';
runtime.env.logLevel = 'fatal';
const task = JSON.parse(process.argv[2]!) as PartTask;
const parts = { proof, product, head, backbone };
const line = await parts[task.part](task).then(
  (measured) => JSON.stringify(measured),
  (error: Error) => JSON.stringify({ failed: error.message.split('\n')[0] }),
);
// Drivers may crash on the way out, when everything is said.
process.stdout.write(`\n${line}\n`, () => process.kill(process.pid, 'SIGKILL'));
