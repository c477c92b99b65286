import { printable } from '@cf/core';
import {
  filterIdentities,
  type IdentitySplit,
  identityPairs,
  openCollection,
  type PairedImage,
  type PictureCollection,
  type PictureIdentity,
  type PictureSource,
  parseFolds,
  parsePairs,
  parsePeople,
  peopleOfFolds,
  resolvePairs,
  splitIdentities,
  syntheticFaces,
} from '@cf/data';
import { UsageError } from '../errors.ts';
import { readGiven } from '../settings/read-given.ts';
import type { DataConfig, EvaluationConfig } from '../settings/train-config.ts';
import type { Dataset } from './dataset.ts';
import { withLabelNoise } from './dealt-labels.ts';
import { ImageList, placeOf } from './image-list.ts';
import {
  type DrawnImage,
  drawnImages,
  fileImages,
  type ImageSource,
  type LoadOptions,
  type StoredPicture,
} from './image-source.ts';
import { type PairsFile, pairsFile } from './pairs-file.ts';
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
  const collection = await openCollection(data.root, { strict: policy.strict });
  for (const problem of collection.problems) policy.onProblem(problem);
  for (const note of collection.notes) process.stderr.write(`${printable(note)}\n`);
  const { identities } = filterIdentities(collection, {
    minImages: data.minImages,
    ...(data.people === undefined ? {} : { names: await namesOf(data.people, data.folds) }),
  });
  if (identities.length < 2) throw tooFew(identities.length, data.root, 'at least 2 to train on');
  const source = (files: readonly StoredPicture[]): ImageSource => fileImages(files, data.checkContent);
  const { pairs, pairsFolds } = evaluation;
  const list = new ImageList<StoredPicture>(placeOf);
  const rated = (dataset: Dataset): Dataset => ({ ...dataset, ...ratings(list.images, collection) });
  if (pairs === undefined) {
    const split = splitOf(collection, identities, seed);
    return rated(await heldOutDataset(split, seed, source, list));
  }
  const file = await pairsFile(pairs);
  requireFolder(file, collection);
  const dataset = await datasetOf(identities, source, list, () =>
    pairsOfFile(file, pairsFolds, data.root, list, policy),
  );
  const { scored } = dataset.verification;
  const pairsFrom = `${pairs}, fold${scored.length === 1 ? '' : 's'} ${scored.join(', ')}`;
  return rated({ ...dataset, pairsFrom });
}

/** What a list says of pictures, by their places; nothing where it says nothing of any. */
function ratings(
  images: readonly StoredPicture[],
  { difficulty, weight }: PictureCollection,
): Pick<Dataset, 'difficulties' | 'weights'> {
  const values = (known: ReadonlyMap<PictureSource, number>, otherwise: number): Float32Array =>
    Float32Array.from(images, (image) => known.get(image as PictureSource) ?? otherwise);
  return {
    ...(difficulty.size > 0 && { difficulties: values(difficulty, Number.NaN) }),
    ...(weight.size > 0 && { weights: values(weight, 1) }),
  };
}

/** LFW's lists name pictures by the files of a folder. */
function requireFolder(file: PairsFile, { kind, root }: PictureCollection): void {
  if (kind === 'folder' || file.kind === 'whole') return;
  throw new UsageError(
    `--pairs ${file.path} with --data ${root}`,
    'a verification set (lfw.bin) or a list of paths (.csv) beside a pack or a list',
    'name such a file, or a folder as --data.',
  );
}

/** A person with pictures, in files or to be drawn. */
interface Person<Image> {
  readonly name: string;
  readonly files: readonly Image[];
}

type Identities = readonly PictureIdentity[];

/** People to train on, in the order of their labels, and pairs to score on their pictures or others. */
async function datasetOf<Image>(
  trained: readonly Person<Image>[],
  sourceOf: (images: readonly Image[]) => ImageSource,
  list: ImageList<Image>,
  pairsOn: () => Promise<VerificationPairs> | VerificationPairs,
): Promise<Omit<Dataset, 'pairsFrom'>> {
  const placed = trained.map(({ files }) => files.map((file) => list.place(file)));
  const verification = await pairsOn();
  const labels = new Int32Array(list.images.length).fill(-1);
  for (const [label, places] of placed.entries()) for (const place of places) labels[place] = label;
  const names = trained.map(({ name }) => name);
  return { images: sourceOf(list.images), labels, names, trueIdentities: new Map(), verification };
}

/** People to train on, and others to score. */
interface Split<Image> extends IdentitySplit<Person<Image>> {
  /** Who the others are, in words. */
  readonly what: string;
}

async function heldOutDataset<Image>(
  { train, validation, what }: Split<Image>,
  seed: number,
  sourceOf: (images: readonly Image[]) => ImageSource,
  list: ImageList<Image>,
): Promise<Dataset> {
  const dataset = await datasetOf(train, sourceOf, list, () => drawPairs(validation, seed, list));
  return { ...dataset, pairsFrom: `${validation.length} ${what}` };
}

/** As a list says it; else some of the identities are held out. */
function splitOf(
  { scored, root }: PictureCollection,
  identities: Identities,
  seed: number,
): Split<StoredPicture> {
  if (scored === undefined) {
    return { ...holdOut(identities, seed, root), what: 'identities held out of training' };
  }
  const whole = scored.identities.filter(({ files }) => files.length >= 2).length;
  if (whole === 0 || scored.identities.length < 2) {
    const expected = `at least 2 in the split ${scored.split}, one of them with two pictures, or --pairs`;
    throw tooFew(scored.identities.length, root, expected);
  }
  return {
    train: identities,
    validation: scored.identities,
    what: `identities of the split ${scored.split}`,
  };
}

/** Two parts without a common identity; only identities with two pictures can be held out. */
function holdOut(identities: Identities, seed: number, root: string): IdentitySplit<Person<StoredPicture>> {
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
  const what = 'drawn identities held out of training';
  return heldOutDataset(
    { ...split, what },
    seed,
    (images) => drawnImages(faces, images),
    new ImageList<DrawnImage>(),
  );
}

/** The pairs of a file whose pictures exist; their pictures are added to a list. @param root of an LFW list */
async function pairsOfFile(
  file: PairsFile,
  pairsFolds: string | undefined,
  root: string,
  list: ImageList<StoredPicture>,
  { onProblem, strict }: ProblemPolicy,
): Promise<VerificationPairs> {
  const found =
    file.kind === 'whole'
      ? { ...file.found, problems: [] }
      : await resolvePairs(parsePairs(file.text, file.path), root, { strict });
  for (const problem of found.problems) onProblem(problem);
  const every = Array.from({ length: found.folds }, (_, i) => i + 1);
  return {
    pairs: found.pairs.map(({ a, b }) => [list.place(a), list.place(b)] as const),
    same: found.pairs.map(({ same }) => same),
    folds: found.pairs.map(({ fold }) => fold + 1),
    scored: pairsFolds === undefined ? every : parseFolds(pairsFolds, found.folds),
    missing: found.problems.length,
  };
}

/** The pairs of a file alone, with the pictures that they use. @param root of an LFW list; others need none */
export async function pairsDataset(
  path: string,
  pairsFolds: string | undefined,
  root: string | undefined,
  policy: ProblemPolicy,
): Promise<Pick<Dataset, 'images' | 'verification'>> {
  const file = await pairsFile(path);
  if ((file.kind === 'whole') === (root !== undefined)) {
    throw root === undefined
      ? new UsageError(
          `--pairs ${path} without --data`,
          'the folder of the pictures that it names',
          'give --data.',
        )
      : new UsageError(
          `--pairs ${path} with --data`,
          'one of them',
          'it says where its pictures are: leave --data out.',
        );
  }
  const list = new ImageList<StoredPicture>(placeOf);
  const verification = await pairsOfFile(file, pairsFolds, root ?? '', list, policy);
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
