import { dirname, isAbsolute, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { manifestRows, openCollection } from '@cf/data/node';
import {
  createIdentityIndex,
  type IdentificationIntervals,
  type IdentificationReport,
  identificationIntervalsOf,
  identify,
  resampleIdentification,
  searchMates,
} from '@cf/eval';
import type { ImageList } from '../dataset/image-list.ts';
import type { ProblemPolicy, StoredPicture } from '../dataset/image-source.ts';
import { UsageError } from '../errors.ts';
import { type FeatureTable, gatherRows } from '../features/feature-table.ts';
import { withProgress } from '../report/progress.ts';
import { drawResamples } from './draw-resamples.ts';
import { RowReader } from './row-lists.ts';

/** A picture or template, and who it is of. */
export interface Identified {
  readonly item: number;
  readonly identity: string;
}

/** Who is known, and who is searched for. */
export interface Searches {
  readonly gallery: readonly Identified[];
  readonly probes: readonly Identified[];
  /** Where they come from, in words. */
  readonly from: string;
}

const COLUMNS = 'path, identity and split (gallery or probe)';

/** Searches of a list with the columns `path`, `identity` and `split`. @throws ManifestError naming file and line */
export async function listedSearches(path: string, list: ImageList<StoredPicture>): Promise<Searches> {
  const reader = new RowReader(path, COLUMNS);
  const sides = { gallery: [] as Identified[], probe: [] as Identified[] };
  for await (const row of manifestRows(path)) {
    const file = reader.text(row, 'path');
    const identity = reader.text(row, 'identity');
    const item = list.place(isAbsolute(file) ? join(file) : join(dirname(path), file));
    sides[reader.side(row)].push({ item, identity });
  }
  const { gallery, probe } = sides;
  if (gallery.length === 0 || probe.length === 0) {
    throw reader.failure(
      undefined,
      `${gallery.length} pictures of the gallery and ${probe.length} probes`,
      'some of both',
    );
  }
  return { gallery, probes: probe, from: path };
}

/**
 * Searches among the people of a folder, a pack or a list: the first picture of everybody who has several is the gallery,
 * their other pictures are searched for, and people of one picture are the strangers.
 */
export async function folderSearches(
  root: string,
  list: ImageList<StoredPicture>,
  { onProblem, strict }: ProblemPolicy,
): Promise<Searches> {
  const { identities, problems } = await openCollection(root, { strict });
  for (const problem of problems) onProblem(problem);
  const gallery: Identified[] = [];
  const probes: Identified[] = [];
  for (const { name, files } of identities) {
    const items = files.map((file) => ({ item: list.place(file), identity: name }));
    if (items.length > 1) gallery.push(items.shift()!);
    probes.push(...items);
  }
  if (gallery.length > 0) return { gallery, probes, from: root };
  throw new UsageError(
    `--identification in '${root}', where nobody has two pictures`,
    'a picture for the gallery and one to search for',
    'name a folder of people with several pictures, or a list with the split gallery and probe.',
  );
}

const SEARCHES_AT_A_TIME = 64;

/** How well one model finds people. */
export interface IdentificationResult {
  /** How many the gallery has. */
  readonly identities: number;
  readonly report: IdentificationReport;
  readonly intervals?: IdentificationIntervals;
}

/** Searches for all probes whose pictures could be read, with progress. @param resamples of the intervals; 0 for none */
export async function runSearches(
  { gallery, probes }: Searches,
  { dim, indices, rows }: FeatureTable,
  { signal, resamples }: { readonly signal: AbortSignal; readonly resamples: number },
): Promise<IdentificationResult> {
  const rowOf = new Map(Array.from(indices, (index, row) => [index, row]));
  const pick = (wanted: readonly Identified[]) => {
    const found = wanted.filter(({ item }) => rowOf.has(item));
    const places = found.map(({ item }) => rowOf.get(item)!);
    return { embeddings: gatherRows(rows, dim, places), identities: found.map(({ identity }) => identity) };
  };
  const known = createIdentityIndex({ ...pick(gallery), dim });
  // Who is in the gallery by pictures that can't be read alone is neither known nor a stranger.
  const names = new Set(known.identities);
  const lost = new Set(gallery.map(({ identity }) => identity).filter((identity) => !names.has(identity)));
  const searched = pick(probes.filter(({ identity }) => !lost.has(identity)));
  const count = searched.identities.length;
  const rank = new Uint32Array(count);
  const score = new Float64Array(count);
  await withProgress('identification', count, 'searches', async (update) => {
    for (let from = 0; from < count; from += SEARCHES_AT_A_TIME) {
      signal.throwIfAborted();
      const to = Math.min(from + SEARCHES_AT_A_TIME, count);
      const part = searchMates(
        known,
        searched.embeddings.subarray(from * dim, to * dim),
        searched.identities.slice(from, to),
      );
      rank.set(part.rank, from);
      score.set(part.score, from);
      update(to);
      // Signals and the line of progress have their turn.
      await setImmediate();
    }
  });
  const identities = known.identities.length;
  const outcomes = { rank, score };
  const report = identify(outcomes);
  if (resamples === 0) return { identities, report };
  const prepared = resampleIdentification(outcomes, searched.identities, { resamples });
  const drawn = await drawResamples('intervals of searches', prepared, signal);
  return { identities, report, intervals: identificationIntervalsOf(prepared, drawn) };
}
