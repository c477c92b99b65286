import type { LossState } from '@cf/core';
import { RunFolderError } from '../errors.ts';
import type { LinearEmbedding } from '../model/linear-embedding.ts';
import { readTensors, type Tensor, writeTensors } from '../model/safetensors.ts';
import type { TrainingState } from './train-embedding.ts';

/** Tensors of an embedding, by the names that both checkpoints and models use. */
export function embeddingTensors(model: LinearEmbedding): Record<string, Tensor> {
  return {
    'features.mean': { shape: [model.inputDim], data: model.mean },
    'features.scale': { shape: [1], data: Float64Array.of(model.scale) },
    'embedding.weight': { shape: [model.outputDim, model.inputDim], data: model.weight },
    'embedding.bias': { shape: [model.outputDim], data: model.bias },
  };
}

/** The embedding of a checkpoint or model file. @throws RunFolderError */
export function embeddingOf(tensors: Readonly<Record<string, Tensor>>, path: string): LinearEmbedding {
  const weight = requireTensor(tensors, 'embedding.weight', path);
  const [outputDim = 0, inputDim = 0] = weight.shape;
  if (weight.shape.length !== 2 || weight.data.length === 0) {
    throw notOurs(`'${path}' with tensor 'embedding.weight' of shape [${weight.shape}]`);
  }
  const get = (name: string, length: number): Tensor => requireTensor(tensors, name, path, length);
  return {
    inputDim,
    outputDim,
    mean: Float32Array.from(get('features.mean', inputDim).data),
    scale: get('features.scale', 1).data[0]!,
    weight: Float64Array.from(weight.data),
    bias: Float64Array.from(get('embedding.bias', outputDim).data),
  };
}

/** Writes everything that training goes on from, t included. */
export async function writeCheckpoint(path: string, state: TrainingState): Promise<void> {
  const { model, centers, classBias, velocities, lossState, step } = state;
  const tensors: Record<string, Tensor> = {
    ...embeddingTensors(model),
    'class.centers': { shape: [centers.length / model.outputDim, model.outputDim], data: centers },
    ...(classBias === undefined ? {} : { 'class.bias': { shape: [classBias.length], data: classBias } }),
  };
  for (const [i, velocity] of velocities.entries())
    tensors[`velocity.${i}`] = { shape: [velocity.length], data: velocity };
  const metadata = { format: 'cf-checkpoint-1', step: String(step), lossState: JSON.stringify(lossState) };
  await writeTensors(path, { tensors, metadata });
}

/** @throws RunFolderError if the file is missing, broken or no checkpoint */
export async function readCheckpoint(path: string): Promise<TrainingState> {
  const { tensors, metadata } = await readTensors(path);
  if (metadata.format !== 'cf-checkpoint-1') {
    throw new RunFolderError(
      `'${path}' of format ${metadata.format}`,
      'a checkpoint of format cf-checkpoint-1',
      'resume from a run of this version.',
    );
  }
  const model = embeddingOf(tensors, path);
  const float64 = (name: string, length?: number): Float64Array =>
    Float64Array.from(requireTensor(tensors, name, path, length).data);
  const centers = float64('class.centers');
  const classBias = tensors['class.bias'] === undefined ? undefined : float64('class.bias');
  const parameters = [model.weight, model.bias, centers, ...(classBias === undefined ? [] : [classBias])];
  return {
    model,
    centers,
    classBias,
    velocities: parameters.map(({ length }, i) => float64(`velocity.${i}`, length)),
    lossState: parseLossState(metadata.lossState, path),
    step: parseStep(metadata.step, path),
  };
}

/**
 * Checks that a checkpoint is of the same features, classes and loss as a first state made now.
 *
 * @throws RunFolderError
 */
export function requireFit(state: TrainingState, first: TrainingState, path: string): void {
  const sizes = ({ model, centers, classBias, lossState }: TrainingState): string =>
    `${model.inputDim} → ${model.outputDim}, ${centers.length / model.outputDim} classes, loss ${lossState.loss}${classBias === undefined ? '' : ' with bias'}`;
  if (sizes(state) === sizes(first)) return;
  throw new RunFolderError(
    `'${path}' of a training ${sizes(state)}`,
    `${sizes(first)}, as configuration and pictures say`,
    'put configuration and pictures back as they were, or start a new run.',
  );
}

export function parseLossState(text: string | undefined, path: string): LossState {
  try {
    return JSON.parse(text ?? '') as LossState;
  } catch (cause) {
    throw notOurs(`'${path}' with lossState = ${text}`, cause);
  }
}

export function parseStep(text: string | undefined, path: string): number {
  const step = Number(text ?? Number.NaN);
  if (!Number.isSafeInteger(step) || step < 0) throw notOurs(`'${path}' with step = ${text}`);
  return step;
}

export function requireTensor(
  tensors: Readonly<Record<string, Tensor>>,
  name: string,
  path: string,
  length?: number,
): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw notOurs(`'${path}' without tensor '${name}'`);
  if (length !== undefined && tensor.data.length !== length)
    throw notOurs(`'${path}' with tensor '${name}' of shape [${tensor.shape}], not of ${length} numbers`);
  if (!tensor.data.every(Number.isFinite))
    throw notOurs(`'${path}' with tensor '${name}' that is not finite throughout`);
  return tensor;
}

export function notOurs(given: string, cause?: unknown): RunFolderError {
  return new RunFolderError(given, 'a file that this program wrote', 'take an unchanged file.', cause);
}
