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
  const get = (name: string): Tensor => requireTensor(tensors, name, path);
  const weight = get('embedding.weight');
  return {
    inputDim: weight.shape[1]!,
    outputDim: weight.shape[0]!,
    mean: Float32Array.from(get('features.mean').data),
    scale: get('features.scale').data[0]!,
    weight: Float64Array.from(weight.data),
    bias: Float64Array.from(get('embedding.bias').data),
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
  const float64 = (name: string): Float64Array => Float64Array.from(requireTensor(tensors, name, path).data);
  const velocities: Float64Array[] = [];
  while (tensors[`velocity.${velocities.length}`] !== undefined)
    velocities.push(float64(`velocity.${velocities.length}`));
  return {
    model: embeddingOf(tensors, path),
    centers: float64('class.centers'),
    classBias: tensors['class.bias'] === undefined ? undefined : float64('class.bias'),
    velocities,
    lossState: JSON.parse(metadata.lossState!) as LossState,
    step: Number(metadata.step),
  };
}

function requireTensor(tensors: Readonly<Record<string, Tensor>>, name: string, path: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined)
    throw new RunFolderError(
      `'${path}' without tensor '${name}'`,
      'a file that this program wrote',
      'take an unchanged file.',
    );
  return tensor;
}
