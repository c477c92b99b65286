import { RunFolderError } from '../errors.ts';
import { checkFeatures } from '../settings/check-config.ts';
import type { FeatureConfig } from '../settings/train-config.ts';
import { embeddingOf, embeddingTensors } from '../training/checkpoint.ts';
import type { LinearEmbedding } from './linear-embedding.ts';
import { readTensors, writeTensors } from './safetensors.ts';

/** A trained model: how pictures become features, and features embeddings. */
export interface FaceModel {
  readonly features: FeatureConfig;
  readonly embedding: LinearEmbedding;
}

/** Writes the final model, with the features it stands on named in its metadata. */
export async function writeModel(path: string, { features, embedding }: FaceModel): Promise<void> {
  const metadata = { format: 'cf-model-1', features: JSON.stringify(features) };
  await writeTensors(path, { tensors: embeddingTensors(embedding), metadata });
}

/** @throws RunFolderError if the file is missing, broken or no model */
export async function readModel(path: string): Promise<FaceModel> {
  const { tensors, metadata } = await readTensors(path);
  if (metadata.format !== 'cf-model-1') {
    throw new RunFolderError(
      `'${path}' of format ${metadata.format}`,
      'a model of format cf-model-1',
      'give a model.safetensors that cf train wrote.',
    );
  }
  return { features: parseFeatures(metadata.features, path), embedding: embeddingOf(tensors, path) };
}

function parseFeatures(text: string | undefined, path: string): FeatureConfig {
  try {
    const features = JSON.parse(text ?? '') as FeatureConfig;
    checkFeatures(features);
    return features;
  } catch (cause) {
    throw new RunFolderError(
      `'${path}' with features = ${text}`,
      'a model that this program wrote',
      'take an unchanged file.',
      cause,
    );
  }
}
