import type { Model } from '@cf/onnx';
import { imagesOfPairs } from '../dataset/verification-pairs.ts';
import type { Device } from '../engines/device.ts';
import type { NetworkInTraining } from '../engines/network-in-training.ts';
import { type Embedder, openOnnxEmbedding } from '../engines/onnx-network.ts';
import { openOnnxTraining } from '../engines/open-onnx-training.ts';
import { featureSamples } from '../features/feature-samples.ts';
import { embedTable, pickImages } from '../features/feature-table.ts';
import { linearEmbedding } from '../features/linear-embedding.ts';
import { openExtractor } from '../features/open-extractor.ts';
import { prepareFeatures } from '../features/prepare-features.ts';
import { type NamedResult, scoreModel } from '../report/score-model.ts';
import type { EmbeddingTraining } from '../settings/train-config.ts';
import { requireGivenHead } from './given-head.ts';
import { requireInitial } from './initial-state.ts';
import { type Job, nothingToTrainOn } from './job.ts';
import type { RunFolder } from './run-folder.ts';
import type { Subject } from './subject.ts';
import type { TrainingFit } from './training-fit.ts';

/** A linear embedding on features, in training; to be disposed of. */
export function openEmbedding(
  model: Model,
  config: EmbeddingTraining,
  device: Device = 'cpu',
): Promise<NetworkInTraining> {
  return openOnnxTraining({
    name: 'embedding',
    model,
    dim: config.dim,
    config,
    // So that bits do not depend on the machine; more do not pay for one product.
    threads: 1,
    device,
    openInference: (trained) => openOnnxEmbedding(trained, device),
  });
}

/** That an embedding can start from a run, before features are made. @throws RunFolderError */
async function requireFitting(
  from: RunFolder | undefined,
  inputDim: number,
  { config, device }: Job<EmbeddingTraining>,
): Promise<void> {
  if (from === undefined) return;
  const { features, dim, seed } = config;
  const rows = new Float32Array(inputDim);
  const network = await openEmbedding(
    linearEmbedding({ features, rows, inputDim, dim, seed }),
    config,
    device,
  );
  try {
    await requireInitial(from, config, network.learner);
  } finally {
    await network.dispose();
  }
}

/** Pictures to features, and a linear embedding on them. */
export async function withEmbedding<T>(
  job: Job<EmbeddingTraining>,
  work: (subject: Subject) => Promise<T>,
): Promise<T> {
  const { config, place, dataset, device } = job;
  const { verification } = dataset;
  const extractor = await openExtractor(config.features, device);
  try {
    await requireFitting(place.initFrom, extractor.dim, job);
    if (job.kept === undefined) await requireGivenHead(config, { embeddingSize: config.dim }, dataset);
    // Only now: input that can't be used leaves no folder behind.
    const run = await place.open();
    const table = await prepareFeatures(job, extractor, run);
    const trained = pickImages(table, (index) => dataset.labels[index]! >= 0);
    if (trained.indices.length === 0) throw nothingToTrainOn();
    const inPairs = imagesOfPairs(verification);
    const ofPairs = pickImages(table, (index) => inPairs.has(index));
    const { features, dim, seed } = config;
    const model = linearEmbedding({ features, rows: trained.rows, inputDim: table.dim, dim, seed });
    const open = (): Promise<NetworkInTraining> => openEmbedding(model, config, device);
    const score = async (name: string, embedder: Embedder, fit?: TrainingFit): Promise<NamedResult[]> =>
      scoreModel(name, await embedTable(ofPairs, embedder), verification, fit);
    const network = await open();
    try {
      return await work({
        run,
        description: `${extractor.name}: embedding ${extractor.dim} → ${dim}`,
        notes: [...(extractor.notes ?? []), ...(network.trains === undefined ? [] : [network.trains])],
        fingerprint: JSON.stringify([extractor.fingerprint, extractor.dim, dim]),
        samples: featureSamples(trained, dataset),
        pictures: trained.indices,
        indices: table.indices,
        network,
        openAgain: open,
        embedTrained: (embedder) => embedTable({ ...trained, mirrored: undefined }, embedder),
        async scoreBefore() {
          const alone = scoreModel(`${extractor.name} alone`, ofPairs, verification);
          if (!config.evaluation.before) return alone;
          const embedder = await openOnnxEmbedding(model, device);
          try {
            return [...(await score('untrained', embedder)), ...alone];
          } finally {
            await embedder.dispose();
          }
        },
        score,
      });
    } finally {
      await network.dispose();
    }
  } finally {
    await extractor.dispose();
  }
}
