import type { ImageProblem } from '@cf/data';
import { imagesOfPairs } from '../dataset/verification-pairs.ts';
import type { Job } from '../run/job.ts';
import type { RunFolder } from '../run/run-folder.ts';
import type { EmbeddingTraining } from '../settings/train-config.ts';
import { featureFingerprint, type KeptFeatures, readFeatures, writeFeatures } from './feature-cache.ts';
import type { FeatureExtractor } from './feature-extractor.ts';
import { extractFeatures, type FeatureTable } from './feature-table.ts';

/**
 * Features of every picture of a job's data set: kept ones of its run, or of the run that features are taken from, where
 * they are of the same pictures; else extracted. They are kept in either case, unless the run is only read.
 */
export async function prepareFeatures(
  job: Job<EmbeddingTraining>,
  extractor: FeatureExtractor,
  run: RunFolder,
): Promise<FeatureTable> {
  const { config, dataset, policy, say } = job;
  const featuresFrom = job.place.featuresFrom ?? run;
  const mirrored = config.evaluation.flip ? imagesOfPairs(dataset.verification) : new Set<number>();
  const fingerprint = await featureFingerprint(extractor, dataset.images, mirrored);
  const kept = await readFeatures(featuresFrom.file('features'), fingerprint);
  // A strict run has to meet what an earlier one skipped.
  const fits = kept !== undefined && !(policy.strict && kept.problems.length > 0);
  if (fits) {
    for (const problem of kept.problems) policy.onProblem(problem);
    say(`features of ${kept.table.indices.length} images from ${featuresFrom.file('features')}`);
  } else if (featuresFrom.path !== run.path) say(misfit(featuresFrom, kept));
  const features = fits ? kept : await extract(job, extractor, mirrored);
  if (job.place.readsOnly !== true && (!fits || featuresFrom.path !== run.path))
    await writeFeatures(run.file('features'), features, fingerprint);
  return features.table;
}

/** Why features of another run are not taken. */
function misfit({ path }: RunFolder, kept: KeptFeatures | undefined): string {
  if (kept === undefined)
    return `'${path}' has no features of these pictures, backbone and mirror images; they are extracted anew`;
  const count = kept.problems.length;
  return `the features in '${path}' lack ${count} unreadable ${count === 1 ? 'picture' : 'pictures'} that --strict stops at; they are extracted anew`;
}

async function extract(
  { dataset: { images }, policy, signal }: Job<EmbeddingTraining>,
  extractor: FeatureExtractor,
  mirrored: ReadonlySet<number>,
): Promise<KeptFeatures> {
  const problems: ImageProblem[] = [];
  const table = await extractFeatures('features', images, extractor, {
    strict: policy.strict,
    onProblem: (problem) => {
      problems.push(problem);
      policy.onProblem(problem);
    },
    mirror: (index) => mirrored.has(index),
    signal,
  });
  return { table, problems };
}
