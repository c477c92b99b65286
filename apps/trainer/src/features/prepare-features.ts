import type { ImageProblem } from '@cf/data';
import { imagesOfPairs } from '../dataset/verification-pairs.ts';
import type { Job } from '../run/job.ts';
import type { RunFolder } from '../run/run-folder.ts';
import type { EmbeddingTraining } from '../settings/train-config.ts';
import {
  type FeatureOrigin,
  type FoundFeatures,
  type KeptFeatures,
  readFeatures,
  writeFeatures,
} from './feature-cache.ts';
import type { FeatureExtractor } from './feature-extractor.ts';
import { extractFeatures, type FeatureTable, mergeTables } from './feature-table.ts';

/**
 * Features of every picture of a job's data set: those that its run has, or the run that features are taken from, and the
 * others extracted. They are kept in either case, unless the run is only read.
 */
export async function prepareFeatures(
  job: Job<EmbeddingTraining>,
  extractor: FeatureExtractor,
  run: RunFolder,
): Promise<FeatureTable> {
  const { config, dataset, policy, say } = job;
  const featuresFrom = job.place.featuresFrom ?? run;
  const origin: FeatureOrigin = {
    extractor: extractor.fingerprint,
    pictures: await dataset.images.fingerprints(),
    mirrored: config.evaluation.flip ? imagesOfPairs(dataset.verification) : new Set<number>(),
  };
  // A strict run has to meet what an earlier one skipped.
  const found = await readFeatures(featuresFrom.file('features'), origin, policy.strict);
  for (const problem of found?.problems.values() ?? []) policy.onProblem(problem);
  const another = featuresFrom.path !== run.path;
  if (found !== undefined || another) say(told(featuresFrom, found));
  const whole = found?.lacking.length === 0;
  const features = whole ? found : await extractLacking(job, extractor, origin.mirrored, found);
  if (job.place.readsOnly !== true && (!whole || another))
    await writeFeatures(run.file('features'), features, origin);
  return features.table;
}

function told(featuresFrom: RunFolder, found: FoundFeatures | undefined): string {
  if (found === undefined)
    return `'${featuresFrom.path}' has no features of these pictures, backbone and mirror images; they are extracted anew`;
  const { lacking, table } = found;
  const taken = `features of ${table.indices.length} images from ${featuresFrom.file('features')}`;
  if (lacking.length === 0) return taken;
  const others = lacking.length === 1 ? '1 other' : `${lacking.length} others`;
  return `${taken}; those of ${others} are extracted`;
}

/** Extracts what was not found, and puts it between what was. */
async function extractLacking(
  { dataset: { images }, policy, signal }: Job<EmbeddingTraining>,
  extractor: FeatureExtractor,
  mirrored: ReadonlySet<number>,
  found: FoundFeatures | undefined,
): Promise<KeptFeatures> {
  const lacking = found?.lacking ?? Array.from({ length: images.count }, (_, index) => index);
  const met: ImageProblem[] = [];
  const extracted = await extractFeatures('features', images.some(lacking), extractor, {
    strict: policy.strict,
    onProblem: (problem) => {
      met.push(problem);
      policy.onProblem(problem);
    },
    mirror: (at) => mirrored.has(lacking[at]!),
    signal,
  });
  const read = new Set(extracted.indices);
  const unread = lacking.filter((_, at) => !read.has(at));
  const problems = new Map(unread.map((index, at) => [index, met[at]!] as const));
  const table = { ...extracted, indices: extracted.indices.map((at) => lacking[at]!) };
  if (found === undefined) return { table, problems };
  return { table: mergeTables(found.table, table), problems: new Map([...found.problems, ...problems]) };
}
