import { readFile } from 'node:fs/promises';
import { buildLabelMap } from '@cf/core';
import {
  filterIdentities,
  type ImageFolder,
  type ImageProblem,
  identityPairs,
  parseFolds,
  parsePairs,
  parsePeople,
  peopleOfFolds,
  resolvePairs,
  scanImageFolder,
  splitIdentities,
  syntheticFaces,
} from '@cf/data';
import { UsageError } from '../errors.ts';
import type { DataConfig, EvaluationConfig } from '../settings/train-config.ts';
import { type DrawnImage, drawnImages, fileImages, type ImageSource } from './image-source.ts';
import type { VerificationPairs } from './verification-pairs.ts';

/** Pictures, some with identities to train on, some in pairs to score. */
export interface Dataset {
  readonly images: ImageSource;
  /** Label of each picture, −1 for those that only pairs use: [N]. */
  readonly labels: Int32Array;
  /** Identity names in the order of their labels. */
  readonly names: readonly string[];
  readonly verification: VerificationPairs;
  /** Where the pairs come from, in words. */
  readonly pairsFrom: string;
}

/** How problems with pictures are taken. */
export interface ProblemPolicy {
  readonly onProblem: (problem: ImageProblem) => void;
  /** Stop at the first. */
  readonly strict: boolean;
}

/** A share of the identities is held out for evaluation where no pairs are given. */
const HELD_OUT_SHARE = 0.2;
const FOLDS = 10;
const MOST_PAIRS = 2000;

/** Finds the pictures and pairs of a training; nothing is decoded yet. */
export async function loadDataset(
  data: DataConfig,
  evaluation: EvaluationConfig,
  seed: number,
  policy: ProblemPolicy,
): Promise<Dataset> {
  if (data.kind === 'synthetic') return syntheticDataset(data, seed);
  const folder = await scanImageFolder(data.root, { strict: policy.strict });
  for (const problem of folder.problems) policy.onProblem(problem);
  const { identities } = filterIdentities(folder, {
    minImages: data.minImages,
    ...(data.people === undefined ? {} : { names: await namesOf(data.people, data.folds) }),
  });
  if (identities.length < 2) throw tooFew(identities.length, data.root, 'at least 2 to train on');
  return evaluation.pairs === undefined
    ? heldOutDataset(identities, seed, data.root)
    : listedDataset(identities, evaluation.pairs, evaluation.pairsFolds, data.root, policy);
}

/** A list of pictures without repetition, and the place of each. */
class ImageList<Image> {
  readonly images: Image[] = [];
  readonly #places = new Map<string, number>();

  place(key: string, image: Image): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.images.length);
    return this.images.push(image) - 1;
  }
}

type Identities = ImageFolder['identities'];

async function listedDataset(
  identities: Identities,
  pairs: string,
  pairsFolds: string | undefined,
  root: string,
  policy: ProblemPolicy,
): Promise<Dataset> {
  const list = new ImageList<string>();
  const { names, trained } = placeIdentities(identities, list);
  const verification = await pairsOfFile(pairs, pairsFolds, root, list, policy);
  return {
    images: fileImages(list.images),
    labels: labelsOf(trained, list.images.length),
    names,
    verification,
    pairsFrom: `${pairs}, fold${verification.scored.length === 1 ? '' : 's'} ${verification.scored.join(', ')}`,
  };
}

function heldOutDataset(identities: Identities, seed: number, root: string): Dataset {
  const { train, held } = holdOut(identities, seed, root);
  const list = new ImageList<string>();
  const { names, trained } = placeIdentities(train, list);
  const verification = drawPairs(
    held.map(({ files }) => files.length),
    seed,
    (identity, image) => {
      const file = held[identity]!.files[image]!;
      return list.place(file, file);
    },
  );
  return {
    images: fileImages(list.images),
    labels: labelsOf(trained, list.images.length),
    names,
    verification,
    pairsFrom: `${held.length} identities held out of training`,
  };
}

/** Two parts without a common identity; only identities with two pictures can be held out. */
function holdOut(
  identities: Identities,
  seed: number,
  root: string,
): { readonly train: Identities; readonly held: Identities } {
  const candidates = identities.filter(({ files }) => files.length >= 2);
  if (identities.length < 4 || candidates.length < 3) {
    const given = candidates.length < 3 && identities.length >= 4 ? candidates.length : identities.length;
    const least = 'at least 4 (2 to train on, 2 with two pictures each held out for scoring)';
    throw tooFew(given, root, `${least}, or --pairs`);
  }
  const validation = Math.min(heldOutCount(identities.length), candidates.length - 1);
  const held = splitIdentities(candidates, { validation, seed }).validation;
  const heldOut = new Set(held);
  return { train: identities.filter((identity) => !heldOut.has(identity)), held };
}

/** How many of at least four identities are held out: two at least, for impostor pairs. */
function heldOutCount(identities: number): number {
  return Math.max(2, Math.round(HELD_OUT_SHARE * identities));
}

function syntheticDataset(data: Extract<DataConfig, { kind: 'synthetic' }>, seed: number): Dataset {
  const { identities, imagesPerIdentity } = data;
  const faces = syntheticFaces(data);
  const all = Array.from({ length: identities }, (_, i) => i);
  const { train, validation } = splitIdentities(all, { validation: heldOutCount(identities), seed });
  const list = new ImageList<DrawnImage>();
  const place = (identityIndex: number, imageIndex: number): number =>
    list.place(`${identityIndex}/${imageIndex}`, { identityIndex, imageIndex });
  const trained = train.flatMap((identity, label) =>
    Array.from({ length: imagesPerIdentity }, (_, image) => ({ place: place(identity, image), label })),
  );
  const verification = drawPairs(
    validation.map(() => imagesPerIdentity),
    seed,
    (identity, image) => place(validation[identity]!, image),
  );
  return {
    images: drawnImages(faces, list.images),
    labels: labelsOf(trained, list.images.length),
    names: train.map((index) => faces.name(index)),
    verification,
    pairsFrom: `${validation.length} drawn identities held out of training`,
  };
}

interface PlacedLabel {
  readonly place: number;
  readonly label: number;
}

function placeIdentities(
  identities: Identities,
  list: ImageList<string>,
): { readonly names: readonly string[]; readonly trained: readonly PlacedLabel[] } {
  const map = buildLabelMap(identities.map(({ name }) => name));
  const trained = identities.flatMap(({ name, files }) =>
    files.map((file) => ({ place: list.place(file, file), label: map.labelOf(name) })),
  );
  return { names: map.names, trained };
}

function labelsOf(trained: readonly PlacedLabel[], count: number): Int32Array {
  const labels = new Int32Array(count).fill(-1);
  for (const { place, label } of trained) labels[place] = label;
  return labels;
}

/** The pairs of an LFW list whose pictures exist under a root; their pictures are added to a list. */
async function pairsOfFile(
  file: string,
  pairsFolds: string | undefined,
  root: string,
  list: ImageList<string>,
  { onProblem, strict }: ProblemPolicy,
): Promise<VerificationPairs> {
  const resolved = await resolvePairs(parsePairs(await readList(file, '--pairs'), file), root, { strict });
  for (const problem of resolved.problems) onProblem(problem);
  const every = Array.from({ length: resolved.folds }, (_, i) => i + 1);
  return {
    pairs: resolved.pairs.map(({ a, b }) => [list.place(a, a), list.place(b, b)] as const),
    same: resolved.pairs.map(({ same }) => same),
    folds: resolved.pairs.map(({ fold }) => fold + 1),
    scored: pairsFolds === undefined ? every : parseFolds(pairsFolds, resolved.folds),
    missing: resolved.problems.length,
  };
}

/** The pairs of an LFW list alone, with the pictures that they use. */
export async function pairsDataset(
  file: string,
  pairsFolds: string | undefined,
  root: string,
  policy: ProblemPolicy,
): Promise<Pick<Dataset, 'images' | 'verification'>> {
  const list = new ImageList<string>();
  const verification = await pairsOfFile(file, pairsFolds, root, list, policy);
  return { images: fileImages(list.images), verification };
}

function drawPairs(
  counts: readonly number[],
  seed: number,
  place: (identity: number, image: number) => number,
): VerificationPairs {
  const drawn = identityPairs({ counts, seed, folds: FOLDS, mostPairs: MOST_PAIRS });
  const folds = drawn.map(({ fold }) => fold + 1);
  return {
    pairs: drawn.map(({ a, b }) => [place(a.identity, a.image), place(b.identity, b.image)] as const),
    same: drawn.map(({ same }) => same),
    folds,
    scored: [...new Set(folds)],
    missing: 0,
  };
}

async function namesOf(people: string, folds: string | undefined): Promise<ReadonlySet<string>> {
  const all = parsePeople(await readList(people, '--people'), people);
  return peopleOfFolds(all, folds === undefined ? all.map((_, i) => i + 1) : parseFolds(folds, all.length));
}

async function readList(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${flag} ${file} (${reason})`, 'a file that can be read', 'check the path.');
  }
}

function tooFew(count: number, root: string, expected: string): UsageError {
  return new UsageError(
    `${count} usable ${count === 1 ? 'identity' : 'identities'} in '${root}'`,
    expected,
    'add identities, or loosen --people, --folds and --min-images.',
  );
}
