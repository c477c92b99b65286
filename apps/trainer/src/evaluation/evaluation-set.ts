import { addPairs } from '../dataset/file-pairs.ts';
import { ImageList, placeOf } from '../dataset/image-list.ts';
import {
  fileImages,
  type ImageSource,
  type ProblemPolicy,
  type StoredPicture,
} from '../dataset/image-source.ts';
import type { VerificationPairs } from '../dataset/verification-pairs.ts';
import { UsageError } from '../errors.ts';
import type { FeatureTable } from '../features/feature-table.ts';
import { folderSearches, listedSearches, type Searches } from './searches.ts';
import { embedTemplates, readTemplatePairs, readTemplates, templateSearches } from './template-list.ts';

/** The flags that say what is scored. */
export interface EvaluationFlags {
  readonly data?: string;
  readonly pairs?: string;
  readonly pairsFolds?: string;
  /** True without a list. */
  readonly identification?: string | true;
  readonly templates?: string;
}

/** What models are scored on. Pairs and searches name pictures of the list, or templates. */
export interface EvaluationSet {
  readonly images: ImageSource;
  readonly verification?: VerificationPairs;
  readonly searches?: Searches;
  /** Makes what pairs and searches name out of embeddings of the pictures. */
  readonly gather: (table: FeatureTable) => FeatureTable;
  /** The identity of a picture or template, where it is known. */
  readonly identityOf: (item: number) => string | undefined;
}

/** @throws UsageError for flags that don't fit, before anything is opened */
export function checkEvaluationFlags({
  pairs,
  pairsFolds,
  identification,
  data,
  templates,
}: EvaluationFlags): void {
  if (pairs === undefined && identification === undefined) {
    throw new UsageError(
      'neither --pairs nor --identification',
      'one of them, or both',
      'say what is to be scored.',
    );
  }
  if (pairs === undefined && pairsFolds !== undefined)
    throw new UsageError('--pairs-folds without --pairs', 'both', 'leave it out.');
  if (templates !== undefined && (pairsFolds !== undefined || typeof identification === 'string')) {
    const flag = pairsFolds === undefined ? '--identification LIST' : '--pairs-folds';
    throw new UsageError(`--templates with ${flag}`, 'one of them', 'the lists of templates say it all.');
  }
  if (identification === true && data === undefined && templates === undefined) {
    throw new UsageError(
      '--identification without a list or --data',
      'one of them',
      'say who is to be found.',
    );
  }
}

/** Finds what flags name; nothing is decoded yet. @throws as the lists do */
export async function evaluationSet(flags: EvaluationFlags, policy: ProblemPolicy): Promise<EvaluationSet> {
  const { pairs, identification } = flags;
  if (flags.templates !== undefined) return templateSet(flags.templates, flags);
  const list = new ImageList<StoredPicture>(placeOf);
  const searches =
    identification === undefined ? undefined : await searchesOf(identification, flags.data, list, policy);
  const given = { path: pairs ?? '', pairsFolds: flags.pairsFolds, root: flags.data };
  const isRootShared = identification === true;
  const verification =
    pairs === undefined ? undefined : await addPairs({ ...given, isRootShared }, list, policy);
  const images = fileImages(list.images);
  return {
    images,
    ...(verification !== undefined && { verification }),
    ...(searches !== undefined && { searches }),
    gather: (table) => table,
    identityOf: folderOf(images),
  };
}

function searchesOf(
  given: string | true,
  data: string | undefined,
  list: ImageList<StoredPicture>,
  policy: ProblemPolicy,
): Promise<Searches> {
  return given === true ? folderSearches(data!, list, policy) : listedSearches(given, list);
}

async function templateSet(
  path: string,
  { data, pairs, identification }: EvaluationFlags,
): Promise<EvaluationSet> {
  const templates = await readTemplates(path, data);
  const list = new ImageList<StoredPicture>(placeOf);
  for (const row of templates.rows) list.place(row.path);
  return {
    images: fileImages(list.images),
    ...(pairs !== undefined && { verification: await readTemplatePairs(pairs, templates) }),
    ...(identification !== undefined && { searches: templateSearches(templates, path) }),
    gather: (table) => embedTemplates(templates, (file) => list.place(file), table),
    identityOf: (item) => templates.identities[item],
  };
}

/** The folders of pictures that are files. */
function folderOf(images: ImageSource): (item: number) => string | undefined {
  // Made anew whenever it is asked for.
  const { sources } = images;
  return (item) => (sources[item]?.kind === 'file' ? images.name(item).split('/')[0] : undefined);
}
