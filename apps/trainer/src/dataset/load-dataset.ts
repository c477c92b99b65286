import {
  filterIdentities,
  type IdentitySplit,
  identityPairs,
  type PairedImage,
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
import { readGiven } from '../settings/read-given.ts';
import type { DataConfig, EvaluationConfig } from '../settings/train-config.ts';
import type { Dataset } from './dataset.ts';
import { withLabelNoise } from './dealt-labels.ts';
import { drawnImages, fileImages, type ImageSource, type LoadOptions } from './image-source.ts';
import { withoutSuspects } from './suspect-list.ts';
import type { VerificationPairs } from './verification-pairs.ts';

/** How problems with pictures are taken. */
export type ProblemPolicy = Pick<LoadOptions, 'onProblem' | 'strict'>;

/** A share of the identities is held out for evaluation where no pairs are given. */
const HELD_OUT_SHARE = 0.2;
const FOLDS = 10;
const MOST_PAIRS = 2000;

/** Finds the pictures and pairs of a training, labelled as it says; nothing is decoded yet. */
export async function loadDataset(
  data: DataConfig,
  evaluation: EvaluationConfig,
  seed: number,
  policy: ProblemPolicy,
): Promise<Dataset> {
  const dataset = await findDataset(data, evaluation, seed, policy);
  return withoutSuspects(withLabelNoise(dataset, data), data.dropSuspects);
}

async function findDataset(
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
  const source = (files: readonly string[]): ImageSource => fileImages(files, data.checkContent);
  const { pairs, pairsFolds } = evaluation;
  if (pairs === undefined)
    return heldOutDataset(holdOut(identities, seed, data.root), seed, source, 'identities');
  const dataset = await datasetOf(identities, source, (list) =>
    pairsOfFile(pairs, pairsFolds, data.root, list, policy),
  );
  const { scored } = dataset.verification;
  return { ...dataset, pairsFrom: `${pairs}, fold${scored.length === 1 ? '' : 's'} ${scored.join(', ')}` };
}

/** A list of pictures without repetition, and the place of each. */
class ImageList<Image> {
  readonly images: Image[] = [];
  readonly #places = new Map<Image, number>();

  place(image: Image): number {
    const known = this.#places.get(image);
    if (known !== undefined) return known;
    this.#places.set(image, this.images.length);
    return this.images.push(image) - 1;
  }
}

/** A person with pictures, in files or to be drawn. */
interface Person<Image> {
  readonly name: string;
  readonly files: readonly Image[];
}

type Identities = readonly Person<string>[];

/** People to train on, in the order of their labels, and pairs to score on their pictures or others. */
async function datasetOf<Image>(
  trained: readonly Person<Image>[],
  sourceOf: (images: readonly Image[]) => ImageSource,
  pairsOn: (list: ImageList<Image>) => Promise<VerificationPairs> | VerificationPairs,
): Promise<Omit<Dataset, 'pairsFrom'>> {
  const list = new ImageList<Image>();
  const placed = trained.map(({ files }) => files.map((file) => list.place(file)));
  const verification = await pairsOn(list);
  const labels = new Int32Array(list.images.length).fill(-1);
  for (const [label, places] of placed.entries()) for (const place of places) labels[place] = label;
  const names = trained.map(({ name }) => name);
  return { images: sourceOf(list.images), labels, names, trueIdentities: new Map(), verification };
}

async function heldOutDataset<Image>(
  { train, validation }: IdentitySplit<Person<Image>>,
  seed: number,
  sourceOf: (images: readonly Image[]) => ImageSource,
  what: string,
): Promise<Dataset> {
  const dataset = await datasetOf(train, sourceOf, (list) => drawPairs(validation, seed, list));
  return { ...dataset, pairsFrom: `${validation.length} ${what} held out of training` };
}

/** Two parts without a common identity; only identities with two pictures can be held out. */
function holdOut(identities: Identities, seed: number, root: string): IdentitySplit<Person<string>> {
  const candidates = identities.filter(({ files }) => files.length >= 2);
  if (identities.length < 4 || candidates.length < 3) {
    const given = candidates.length < 3 && identities.length >= 4 ? candidates.length : identities.length;
    const least = 'at least 4 (2 to train on, 2 with two pictures each held out for scoring)';
    throw tooFew(given, root, `${least}, or --pairs`);
  }
  const count = Math.min(heldOutCount(identities.length), candidates.length - 1);
  const { validation } = splitIdentities(candidates, { validation: count, seed });
  const heldOut = new Set(validation);
  return { train: identities.filter((identity) => !heldOut.has(identity)), validation };
}

/** How many of at least four identities are held out: two at least, for impostor pairs. */
function heldOutCount(identities: number): number {
  return Math.max(2, Math.round(HELD_OUT_SHARE * identities));
}

function syntheticDataset(data: Extract<DataConfig, { kind: 'synthetic' }>, seed: number): Promise<Dataset> {
  const { identities, imagesPerIdentity } = data;
  const faces = syntheticFaces(data);
  const people = Array.from({ length: identities }, (_, identityIndex) => ({
    name: faces.name(identityIndex),
    files: Array.from({ length: imagesPerIdentity }, (_, imageIndex) => ({ identityIndex, imageIndex })),
  }));
  const split = splitIdentities(people, { validation: heldOutCount(identities), seed });
  return heldOutDataset(split, seed, (images) => drawnImages(faces, images), 'drawn identities');
}

/** The pairs of an LFW list whose pictures exist under a root; their pictures are added to a list. */
async function pairsOfFile(
  file: string,
  pairsFolds: string | undefined,
  root: string,
  list: ImageList<string>,
  { onProblem, strict }: ProblemPolicy,
): Promise<VerificationPairs> {
  const resolved = await resolvePairs(parsePairs(await readGiven('--pairs', file), file), root, { strict });
  for (const problem of resolved.problems) onProblem(problem);
  const every = Array.from({ length: resolved.folds }, (_, i) => i + 1);
  return {
    pairs: resolved.pairs.map(({ a, b }) => [list.place(a), list.place(b)] as const),
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

function drawPairs<Image>(
  people: readonly Person<Image>[],
  seed: number,
  list: ImageList<Image>,
): VerificationPairs {
  const counts = people.map(({ files }) => files.length);
  const drawn = identityPairs({ counts, seed, folds: FOLDS, mostPairs: MOST_PAIRS });
  const place = ({ identity, image }: PairedImage): number => list.place(people[identity]!.files[image]!);
  const folds = drawn.map(({ fold }) => fold + 1);
  return {
    pairs: drawn.map(({ a, b }) => [place(a), place(b)] as const),
    same: drawn.map(({ same }) => same),
    folds,
    scored: [...new Set(folds)],
    missing: 0,
  };
}

async function namesOf(people: string, folds: string | undefined): Promise<ReadonlySet<string>> {
  const all = parsePeople(await readGiven('--people', people), people);
  return peopleOfFolds(all, folds === undefined ? all.map((_, i) => i + 1) : parseFolds(folds, all.length));
}

function tooFew(count: number, root: string, expected: string): UsageError {
  return new UsageError(
    `${count} usable ${count === 1 ? 'identity' : 'identities'} in '${root}'`,
    expected,
    'add identities, or loosen --people, --folds and --min-images.',
  );
}
