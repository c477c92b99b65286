import { labelSuspects } from '@cf/training';
import { requireSameTraining } from '../run/checkpoint.ts';
import { embeddingsAt } from '../run/embeddings-at.ts';
import { noCheckpoint } from '../run/run-folder.ts';
import { type JobOptions, withJob, withSubject } from '../run/with-job.ts';
import { lossOf } from '../settings/loss-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';

/** How hard a picture is: one line of the list, as JSON. */
export interface ListedDifficulty {
  /** Folder and name of its file. */
  readonly picture: string;
  readonly identity: string;
  /** Angle to the dominant center of its identity, in degrees. */
  readonly difficulty: number;
}

/**
 * Embeds the pictures of a run as its checkpoint does, and says how far each is from the dominant center of its identity;
 * the easiest first.
 *
 * @throws RunFolderError if the run has no checkpoint, or one of other pictures, backbone or loss; else as `train`
 */
export function withDifficulties(
  config: TrainConfig,
  options: JobOptions,
): Promise<readonly ListedDifficulty[]> {
  // The order in which pictures are seen is of no interest here, and the list may be the one that is written.
  const uniform = { ...config, sampler: 'uniform' };
  return withJob(uniform, options, async (job) => {
    const { kept, dataset } = job;
    if (kept === undefined) throw noCheckpoint(await options.place.open());
    return withSubject(job, async (subject) => {
      const { labels } = subject.samples;
      requireSameTraining(kept, subject, lossOf(config, subject.samples).name);
      const { state } = kept;
      const { indices, rows, dim } = await embeddingsAt(subject, state.learner);
      const centers = { centers: state.centers.values, subCenters: state.subCenters };
      const { angles } = labelSuspects({ embeddings: rows, labels, dim }, centers, Math.PI);
      return Array.from(indices, (index, sample) => ({
        picture: dataset.images.name(index),
        identity: dataset.names[labels[sample]!]!,
        difficulty: Number(((angles[sample]! * 180) / Math.PI).toFixed(3)),
      })).sort((a, b) => a.difficulty - b.difficulty);
    });
  });
}

/** The list as the text of its file. */
export function difficultyLines(list: readonly ListedDifficulty[]): string {
  return list.map((one) => `${JSON.stringify(one)}\n`).join('');
}
