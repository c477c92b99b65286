import { BackendError, CfError, type Communicator, firstLine } from '@cf/core';
import {
  createTrainingSession,
  lowMemory,
  type Model,
  onnxLearner,
  smallestBatch,
  type TrainingFormOptions,
  type TrainingSession,
  trainingForm,
} from '@cf/onnx';
import type { Learner, LearnerBatch } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import type { ImageShape } from '../dataset/image-source.ts';
import { BackboneError } from '../errors.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { optimiserOf } from '../settings/training-options.ts';
import { openOnKernels } from './choose-kernels.ts';
import type { Device } from './device.ts';
import { exportedModel } from './export-model.ts';
import { activationsOf, lowMemoryOfKernelsText, lowMemoryText } from './memory-choice.ts';
import type { NetworkInTraining } from './network-in-training.ts';
import type { Embedder } from './onnx-network.ts';
import { networkInput, type PixelForm, sampleShape } from './pixel-form.ts';
import { whatTrains } from './what-trains.ts';

export interface OnnxTrainingOptions {
  /** What messages call it. */
  readonly name: string;
  readonly model: Model;
  /** d. */
  readonly dim: number;
  readonly config: TrainConfig;
  /** Of one operator. */
  readonly threads: number;
  /** That was proven; the processor by default. */
  readonly device?: Device;
  /** Opens a model to embed with. */
  readonly openInference: (model: Model) => Promise<Embedder>;
  /** Ranks whose pictures normalisations over the batch see together. */
  readonly synchronise?: Communicator | undefined;
  /** How it wants pictures of a shape; left out for one that takes no pictures. */
  readonly pixels?: { readonly form: PixelForm; readonly shape: ImageShape };
}

/**
 * Makes the graphs that train a network, on onnxruntime.
 *
 * @throws UnsupportedOperatorError, OnnxOpsetError, OnnxGraphError, BackboneError where a gradient can't be had, before
 * anything runs
 */
export async function openOnnxTraining(options: OnnxTrainingOptions): Promise<NetworkInTraining> {
  const { name, model, dim, config, threads, device = 'cpu', openInference, pixels, synchronise } = options;
  const part = trainedPart(config);
  // What can't be exported is told before it is trained.
  const { notes } = exportedModel(model, config);
  const form = trainingForm(model, part);
  const optimiser = optimiserOf(config);
  const memory = config.train === 'all' ? config.memory : 'normal';
  const choice = config.train === 'all' ? config.kernels : 'onnxruntime';
  const {
    session,
    name: kernels,
    told,
  } = await openOnKernels({ choice, device, threads, optimiser }, (given) =>
    createTrainingSession({
      runtime,
      model,
      optimiser,
      threads,
      seed: config.seed,
      executionProviders: [device],
      activations: activationsOf(memory),
      ...(given !== undefined && { kernels: given }),
      ...(synchronise && { synchronise }),
      ...part,
    }),
  ).catch((cause: unknown) => {
    if (cause instanceof CfError) throw cause;
    throw untrainable(`'${name}', whose training can't be opened (${firstLine(cause)})`, cause);
  });
  const learner = toldLearner(name, onnxLearner(session, dim));
  return {
    learner: pixels === undefined ? learner : onPictures(learner, pixels),
    smallestBatch: smallestBatch(form),
    trains: [whatTrains(model, form, part), ...notes].join('; '),
    ...(config.train === 'all' && { kernels, told }),
    ...(memory === 'low' && { memory: lowMemoryLine(session, { ...options, part, kernels }) }),
    async trained() {
      const { model: exported } = exportedModel(session.exportModel(), config);
      return { inference: await openInference(exported), files: new Map(), model: exported };
    },
    dispose: () => session.dispose(),
  };
}

/** What low memory gives and costs. */
function lowMemoryLine(
  session: TrainingSession,
  {
    model,
    config,
    pixels,
    part,
    kernels,
  }: OnnxTrainingOptions & { readonly part: TrainingFormOptions; readonly kernels: string },
): string {
  const { batch } = config;
  const shape = pixels && [batch, ...sampleShape(pixels.shape, pixels.form)];
  const [savedBytes, checkpointedBytes] = (['saved', 'checkpointed'] as const).map(
    (activations) => shape && session.passBytes(shape, activations),
  );
  return savedBytes === undefined || checkpointedBytes === undefined
    ? lowMemoryText(lowMemory(model, { batch, ...part }), batch)
    : lowMemoryOfKernelsText({ kernels, savedBytes, checkpointedBytes }, batch);
}

/** What of a network's file trains. */
export function trainedPart(config: TrainConfig): Pick<TrainingFormOptions, 'freezeBn' | 'freezeUntil'> {
  const network = config.train === 'all' ? config.network : undefined;
  const { freezeUntil, freezeBn = false } = network?.kind === 'onnx' ? network : {};
  return { freezeBn, ...(freezeUntil === undefined ? {} : { freezeUntil }) };
}

/** A learner whose every failure names the network and what was run. */
function toldLearner(name: string, learner: Learner): Learner {
  const told = async <T>(pass: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof CfError && !(cause instanceof BackendError)) throw cause;
      throw untrainable(`the ${pass} of '${name}', which failed (${firstLine(cause)})`, cause);
    }
  };
  const sizeOf = ({ shape }: LearnerBatch): string => `${shape[0]} ${shape[0] === 1 ? 'sample' : 'samples'}`;
  return {
    ...learner,
    embed: (batch) => told(`embedding of ${sizeOf(batch)}`, () => learner.embed(batch)),
    forward: (batch) => told(`forward pass on ${sizeOf(batch)}`, () => learner.forward(batch)),
    backward: (gradient, ranks) => told('backward pass', () => learner.backward(gradient, ranks)),
    update: (learningRate) => told('update of the weights', () => learner.update(learningRate)),
  };
}

function untrainable(given: string, cause: unknown): BackboneError {
  return new BackboneError(
    given,
    'a network that onnxruntime trains',
    'look at it with cf inspect; where memory is short, lower --batch.',
    cause,
  );
}

/** The learner of a network that wants its pictures otherwise than RGB 0 … 255. */
function onPictures(learner: Learner, { form, shape }: NonNullable<OnnxTrainingOptions['pixels']>): Learner {
  const turned = (batch: LearnerBatch): LearnerBatch => ({
    ...batch,
    values: networkInput(batch.values, shape, form),
    shape: [batch.shape[0]!, ...sampleShape(shape, form)],
  });
  return {
    ...learner,
    embed: (batch) => learner.embed(turned(batch)),
    forward: (batch) => learner.forward(turned(batch)),
  };
}
