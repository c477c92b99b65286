import { type LabelSuspect, labelSuspects } from '@cf/training';
import type { Dataset } from '../dataset/dataset.ts';
import type { ListedSuspect } from '../dataset/suspect-list.ts';
import { type KeptTraining, requireSameTraining } from '../run/checkpoint.ts';
import { embeddingsAt } from '../run/embeddings-at.ts';
import type { Job } from '../run/job.ts';
import { noCheckpoint } from '../run/run-folder.ts';
import type { Subject } from '../run/subject.ts';
import { type JobOptions, withJob, withSubject } from '../run/with-job.ts';
import { lossOf } from '../settings/loss-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';

/** The pictures of a run that are far from what their identity looks like to it. */
export interface FoundSuspects {
  /** Steps that the run had done. */
  readonly step: number;
  readonly loss: string;
  /** Class centers a class. */
  readonly subCenters: number;
  /** How many pictures were looked at, and of how many identities. */
  readonly pictures: number;
  readonly identities: number;
  /** The largest angle first. */
  readonly list: readonly ListedSuspect[];
  /** Of each listed picture what shows it, by position in the list of pictures. */
  readonly shown: readonly ShownSuspect[];
  /** Where labels were exchanged on purpose: of how many pictures, and how many of those are listed. */
  readonly noise: { readonly exchanged: number; readonly found: number } | undefined;
}

/** A suspect beside the pictures that are nearest to the dominant centers of its identity and of the nearest other one. */
export interface ShownSuspect {
  readonly picture: number;
  readonly own: number;
  readonly other: number | undefined;
}

/**
 * Embeds the pictures of a run as its checkpoint does, and finds those further than an angle from the dominant center of their
 * identity.
 *
 * @param degrees the angle
 * @throws RunFolderError if the run has no checkpoint, or one of other pictures, backbone or loss; else as `train`
 */
export function withSuspects<T>(
  config: TrainConfig,
  options: JobOptions,
  degrees: number,
  work: (found: FoundSuspects, job: Job<TrainConfig>) => Promise<T>,
): Promise<T> {
  return withJob(config, options, async (job) => {
    const { kept } = job;
    // Told before anything is embedded.
    if (kept === undefined) throw noCheckpoint(await options.place.open());
    return withSubject(job, async (subject) =>
      work(await findSuspects({ ...job, kept }, subject, degrees), job),
    );
  });
}

async function findSuspects(
  { config, dataset, kept }: Job<TrainConfig> & { readonly kept: KeptTraining },
  subject: Subject,
  degrees: number,
): Promise<FoundSuspects> {
  const { name: loss } = lossOf(config, subject.samples);
  requireSameTraining(kept, subject, loss);
  const { state } = kept;
  const { subCenters, step } = state;
  const { labels } = subject.samples;
  const { indices, rows, dim } = await embeddingsAt(subject, state.learner);
  const centers = { centers: state.centers.values, subCenters };
  const samples = { embeddings: rows, labels, dim };
  const { angles, suspects } = labelSuspects(samples, centers, (degrees * Math.PI) / 180);
  const typical = nearestOf(labels, angles);
  const indexOf = (sample: number | undefined): number | undefined =>
    sample === undefined ? undefined : indices[sample]!;
  const exchanged = Array.from(indices).filter((index) => dataset.trueIdentities.has(index));
  const found = suspects.filter(({ sample }) => dataset.trueIdentities.has(indices[sample]!));
  return {
    step,
    loss,
    subCenters,
    pictures: labels.length,
    identities: dataset.names.length,
    list: suspects.map((suspect) => listed(suspect, indices[suspect.sample]!, dataset)),
    shown: suspects.map(({ sample, nearest }) => ({
      picture: indices[sample]!,
      own: indexOf(typical.get(labels[sample]!))!,
      other: nearest && indexOf(typical.get(nearest.label)),
    })),
    noise:
      config.data.labelNoise === undefined ? undefined : { exchanged: exchanged.length, found: found.length },
  };
}

/** Of each class the sample with the least angle. */
function nearestOf(labels: Int32Array, angles: Float64Array): ReadonlyMap<number, number> {
  const nearest = new Map<number, number>();
  for (const [sample, label] of labels.entries()) {
    const best = nearest.get(label);
    if (best === undefined || angles[sample]! < angles[best]!) nearest.set(label, sample);
  }
  return nearest;
}

function listed(
  { angle, nearest }: LabelSuspect,
  index: number,
  { images, labels, names }: Dataset,
): ListedSuspect {
  const inDegrees = (radians: number): number => Number(((radians * 180) / Math.PI).toFixed(2));
  return {
    picture: images.name(index),
    identity: names[labels[index]!]!,
    angle: inDegrees(angle),
    ...(nearest === undefined
      ? {}
      : { nearest: names[nearest.label]!, nearestAngle: inDegrees(nearest.angle) }),
  };
}
