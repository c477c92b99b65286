import { tinyIresnet } from '../../../packages/backbones/src/index.ts';
import { type Backend, curricularFace } from '../../../packages/core/src/index.ts';
import {
  createTrainingSession,
  type Model,
  onnxLearner,
  onnxModel,
  readWeights,
  type TensorData,
  type TrainingSessionOptions,
  trainingForm,
} from '../../../packages/onnx/src/index.ts';
import {
  firstHeadState,
  learnerOptimiser,
  type StepMetrics,
  sgd,
  type TrainingSamples,
  type TrainingTask,
  train,
} from '../../../packages/training/src/index.ts';
import { IMAGE_SHAPE, loopOptions, type ParityData, type ParityTask } from './task.ts';
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

/** Trains tiny-iresnet without dropout by the product's loop, with the head of a backend, from given weights. */
export async function trainHere(
  on: Pick<TrainingSessionOptions, 'runtime' | 'kernels'>,
  backend: Backend,
  task: ParityTask,
  data: ParityData,
  start: NamedTensors,
): Promise<Trace> {
  const { dim, scale, margin, alpha, momentum, weightDecay, threads } = task;
  const rule = sgd({ momentum });
  const session = await createTrainingSession({
    ...on,
    model: network(task),
    optimiser: learnerOptimiser({ rule, weightDecay }),
    threads,
  });
  const isTrained = new Set(session.parameters.map(({ name }) => name));
  const rest = [...start].filter(([name]) => name !== CENTERS);
  session.load({
    weights: new Map(rest.filter(([name]) => isTrained.has(name))),
    statistics: new Map(rest.filter(([name]) => !isTrained.has(name))),
  });
  const loss = curricularFace({ scale, margin, alpha });
  const head = await backend.createHead(loss);
  const learner = onnxLearner(session);
  const samples = samplesOf(task, data);
  const options = { ...loopOptions(task), rule };
  const first = firstHeadState({ ...options, loss, classes: samples.classes, embeddingSize: dim });
  first.centers.values.set(start.get(CENTERS)!.data as Float32Array);
  const state = { ...first, learner: await learner.state() };
  const firstGradients = new Map<string, TensorData>();
  const watched: TrainingTask = {
    learner: {
      ...learner,
      update(rate) {
        if (firstGradients.size === 1)
          for (const [name, gradient] of session.gradients()) firstGradients.set(name, gradient);
        return learner.update(rate);
      },
    },
    head: {
      loss,
      subCenters: head.subCenters,
      dispose: () => head.dispose(),
      async step(input) {
        const output = await head.step(input);
        if (firstGradients.size === 0)
          firstGradients.set(CENTERS, centersOf(task, Float32Array.from(output.gradWeights)));
        return output;
      },
    },
    samples,
    options,
    state,
  };
  const steps: StepMetrics[] = [];
  for await (const event of train(watched)) if (event.type === 'step') steps.push(event.metrics);
  head.dispose();
  await learner.dispose();
  return { losses: steps.map((step) => step.loss), ts: steps.map((step) => step.t!), firstGradients };
}

/** The images, as the loop takes them. */
function samplesOf({ classes }: ParityTask, { images, labels }: ParityData): TrainingSamples {
  return {
    count: labels.length,
    labels: Int32Array.from(labels),
    classes,
    batch: (indices) => ({ values: gather(images, [...indices]), shape: [indices.length, ...IMAGE_SHAPE] }),
  };
}

function network({ dim, seed }: ParityTask): Model {
  return onnxModel(tinyIresnet({ seed, embeddingSize: dim, dropout: 0 }));
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
