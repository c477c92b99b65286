import {
  filterIdentities,
  type PictureSource,
  parseFolds,
  parsePeople,
  peopleOfFolds,
  splitIdentities,
} from '@cf/data';
import { openCollection, type PictureCollection, syntheticFaces } from '@cf/data/node';
import { UsageError } from '../errors.ts';
import { tell } from '../report/tell.ts';
import { readGiven } from '../settings/read-given.ts';
import type { DataConfig, PairsConfig } from '../settings/train-config.ts';
import type { Dataset } from './dataset.ts';
import { withLabelNoise } from './dealt-labels.ts';
import { pairsOfFile } from './file-pairs.ts';
import { drawPairs, heldOutCount, type Person, type Split, splitOf, tooFew } from './held-out.ts';
import { ImageList, placeOf } from './image-list.ts';
import {
  type DrawnImage,
  drawnImages,
  fileImages,
  type ImageSource,
  type ProblemPolicy,
  type StoredPicture,
} from './image-source.ts';
import { type PairsFile, pairsFile } from './pairs-file.ts';
import { withoutSuspects } from './suspect-list.ts';
import type { VerificationPairs } from './verification-pairs.ts';

type FolderData = Extract<DataConfig, { kind: 'folder' }>;

/** Finds the pictures and pairs of a training, labelled as it says; nothing is decoded yet. */
export async function loadDataset(
  data: DataConfig,
  evaluation: PairsConfig,
  seed: number,
  policy: ProblemPolicy,
): Promise<Dataset> {
  const dataset = await findDataset(data, evaluation, seed, policy);
  return withoutSuspects(withLabelNoise(dataset, data), data.dropSuspects);
}

async function findDataset(
  data: DataConfig,
  evaluation: PairsConfig,
  seed: number,
  policy: ProblemPolicy,
): Promise<Dataset> {
  if (data.kind === 'synthetic') return syntheticDataset(data, seed);
  const collection = await openCollection(data.root, { strict: policy.strict });
  for (const problem of collection.problems) policy.onProblem(problem);
  for (const note of collection.notes) tell(note);
  const names = data.people === undefined ? undefined : await peopleNames(data.people, data.folds);
  if (names !== undefined) tellUnknownPeople(names, data, collection);
  const { identities } = filterIdentities(collection, {
    minImages: data.minImages,
    ...(names !== undefined && { names }),
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

async function heldOutDataset<Image>(
  { train, validation, what }: Split<Image>,
  seed: number,
  sourceOf: (images: readonly Image[]) => ImageSource,
  list: ImageList<Image>,
): Promise<Dataset> {
  const dataset = await datasetOf(train, sourceOf, list, () => drawPairs(validation, seed, list));
  return { ...dataset, pairsFrom: `${validation.length} ${what}` };
}

function syntheticDataset(data: Exclude<DataConfig, FolderData>, seed: number): Promise<Dataset> {
  const { identities, imagesPerIdentity, difficulty, seed: drawn } = data;
  const faces = syntheticFaces({ identities, imagesPerIdentity, difficulty, seed: drawn });
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

/** A slip in a list of people would leave them out in silence. */
function tellUnknownPeople(
  names: ReadonlySet<string>,
  { people, root }: Pick<FolderData, 'people' | 'root'>,
  { identities }: PictureCollection,
): void {
  const there = new Set(identities.map(({ name }) => name.normalize('NFC')));
  const unknown = [...names].filter((name) => !there.has(name.normalize('NFC')));
  if (unknown.length === 0) return;
  const told = `warning: --people ${people}: ${unknown.length} of its ${names.size} people are not in ${root}, such as '${unknown[0]}'`;
  tell(told);
}

/** Names of a list of people. @throws UsageError, ProtocolFormatError */
export async function peopleNames(people: string, folds: string | undefined): Promise<ReadonlySet<string>> {
  const all = parsePeople(await readGiven('--people', people), people);
  return peopleOfFolds(all, folds === undefined ? all.map((_, i) => i + 1) : parseFolds(folds, all.length));
}
