import { type Backend, curricularFace, type HeadOutput } from '../../../packages/core/src/index.ts';
import {
  createTrainingSession,
  type Model,
  type OnnxRuntime,
  readWeights,
  type TensorData,
  tinyIresnet,
  trainingForm,
} from '../../../packages/onnx/src/index.ts';
import { IMAGE_SHAPE, type ParityData, type ParityTask } from './task.ts';
import type { NamedTensors } from './tensor-file.ts';

/** Name of the class centers among the parameters. */
export const CENTERS = 'head.weight';

/** What a training left behind. */
export interface Trace {
  /** Loss of each step, before its update. */
  readonly losses: readonly number[];
  /** t of each step. */
  readonly ts: readonly number[];
  /** Of the first step, by parameter. */
  readonly firstGradients: NamedTensors;
}

/** Class centers, and the weights and running statistics of a new network, by name. */
export function firstWeights(task: ParityTask, { centers }: ParityData): NamedTensors {
  const model = network(task);
  const { parameters, statistics } = trainingForm(model);
  const names = [...parameters, ...statistics].map(({ name }) => name);
  return new Map([...readWeights(model, names), [CENTERS, centersOf(task, centers)]]);
}

/** Trains tiny-iresnet without dropout in a training session, with the head of a backend, from given weights. */
export async function trainHere(
  runtime: OnnxRuntime,
  backend: Backend,
  task: ParityTask,
  { images, labels, order, rates }: ParityData,
  start: NamedTensors,
): Promise<Trace> {
  const { dim, scale, margin, alpha, momentum, weightDecay, threads } = task;
  const session = await createTrainingSession({
    runtime,
    model: network(task),
    optimiser: { name: 'sgd', momentum, weightDecay },
    threads,
  });
  const isTrained = new Set(session.parameters.map(({ name }) => name));
  const rest = [...start].filter(([name]) => name !== CENTERS);
  session.load({
    weights: new Map(rest.filter(([name]) => isTrained.has(name))),
    statistics: new Map(rest.filter(([name]) => !isTrained.has(name))),
  });
  const head = await backend.createHead(curricularFace({ scale, margin, alpha }));
  const centers = (start.get(CENTERS)!.data as Float32Array).slice();
  let firstGradients: NamedTensors = new Map();
  const velocity = new Float32Array(centers.length);
  const losses: number[] = [];
  const ts: number[] = [];
  let last: HeadOutput | undefined;
  for (const [step, positions] of order.entries()) {
    const shape = [positions.length, ...IMAGE_SHAPE];
    last = await head.step({
      embeddings: await session.forward({ values: gather(images, positions), shape, step, position: 0 }),
      weights: centers,
      labels: positions.map((position) => labels[position]!),
      dim,
      ...(last !== undefined && { state: last.state }),
    });
    losses.push(last.loss);
    ts.push(last.diagnostics.t!);
    await session.backward(Float32Array.from(last.gradEmbeddings));
    const gradient = Float32Array.from(last.gradWeights);
    if (step === 0) firstGradients = new Map([...session.gradients(), [CENTERS, centersOf(task, gradient)]]);
    await session.update(rates[step]!);
    descend(centers, gradient, velocity, rates[step]!, task);
  }
  head.dispose();
  await session.dispose();
  return { losses, ts, firstGradients };
}

function network({ dim, seed }: ParityTask): Model {
  return tinyIresnet({ seed, embeddingSize: dim, dropout: 0 });
}

function centersOf({ classes, dim }: ParityTask, data: Float32Array): TensorData {
  return { type: 'float32', dims: [classes, dim], data: data.slice() };
}

function gather(images: Float32Array, positions: readonly number[]): Float32Array {
  const size = IMAGE_SHAPE[0] * IMAGE_SHAPE[1] * IMAGE_SHAPE[2];
  const batch = new Float32Array(positions.length * size);
  positions.forEach((position, i) => {
    batch.set(images.subarray(position * size, (position + 1) * size), i * size);
  });
  return batch;
}

/** v ← μ·v + (g + λ·w), w ← w − η·v. */
function descend(
  weights: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  learningRate: number,
  { momentum, weightDecay }: ParityTask,
): void {
  for (let i = 0; i < weights.length; i++) {
    velocity[i] = momentum * velocity[i]! + gradient[i]! + weightDecay * weights[i]!;
    weights[i]! -= learningRate * velocity[i]!;
  }
}
