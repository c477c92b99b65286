import { type PublishedCenters, publishedHead } from '@cf/training';
import { lossOf } from '../settings/loss-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { type KeptTraining, requireSamePictures, requireSameTraining } from './checkpoint.ts';
import { embeddingsAt } from './embeddings-at.ts';
import { writeTensors } from './safetensors.ts';
import { type JobOptions, withJob, withSubject } from './with-job.ts';

/** Writes the class centers of a training, row c·K + k sub-center k of identity c, with the names of the identities. */
export function exportCenters(path: string, { state }: Pick<KeptTraining, 'state'>): Promise<void> {
  const { centers, classBias, classes, subCenters, step, lossState } = state;
  const rows = classes.length * subCenters;
  const bias = classBias?.values;
  return writeTensors(path, {
    tensors: {
      centers: { shape: [rows, centers.values.length / rows], data: centers.values },
      ...(bias === undefined ? {} : { bias: { shape: [bias.length], data: bias } }),
    },
    metadata: {
      format: 'cf-centers-1',
      identities: JSON.stringify(classes),
      subCenters: `${subCenters}`,
      step: `${step}`,
      loss: lossState.loss,
    },
  });
}

/** Writes the head of a training by the names of published PyTorch modules, with the names of the identities. */
export function exportHead(
  path: string,
  { state }: Pick<KeptTraining, 'state'>,
  as: PublishedCenters,
): Promise<void> {
  const { classes, step, lossState } = state;
  return writeTensors(path, {
    tensors: Object.fromEntries(publishedHead(state, as)),
    metadata: {
      format: 'cf-head-1',
      identities: JSON.stringify(classes),
      step: `${step}`,
      loss: lossState.loss,
    },
  });
}

/**
 * Writes the embeddings of the pictures that a run is trained on, with their names and identities.
 *
 * @returns how many there are
 * @throws RunFolderError if the pictures or the network are not those of the checkpoint; else as `train`
 */
export function exportEmbeddings(
  path: string,
  kept: KeptTraining,
  config: TrainConfig,
  options: JobOptions,
): Promise<number> {
  return withJob(config, options, async (job) => {
    const { dataset, pictures } = job;
    requireSamePictures(kept, dataset.names, pictures);
    return withSubject(job, async (subject) => {
      requireSameTraining(kept, subject, lossOf(config, subject.samples).name);
      const { indices, rows, dim } = await embeddingsAt(subject, kept.state.learner);
      await writeTensors(path, {
        tensors: { embeddings: { shape: [indices.length, dim], data: rows } },
        metadata: {
          format: 'cf-embeddings-1',
          pictures: JSON.stringify(Array.from(indices, (index) => dataset.images.name(index))),
          identities: JSON.stringify(Array.from(indices, (index) => dataset.names[dataset.labels[index]!])),
          step: `${kept.state.step}`,
        },
      });
      return indices.length;
    });
  });
}
