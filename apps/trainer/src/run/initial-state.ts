import {
  dominantCenters,
  type FirstStateOptions,
  firstHeadState,
  type HeadState,
  type Learner,
  type NamedTensors,
  type TrainingState,
} from '@cf/training';
import { RunFolderError } from '../errors.ts';
import { lossOf } from '../settings/loss-of.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { trainingOptions } from '../settings/training-options.ts';
import type { KeptTraining } from './checkpoint.ts';
import { embeddingsAt } from './embeddings-at.ts';
import { readOutcome } from './kept-checkpoints.ts';
import { startAtMeans } from './new-centers.ts';
import { noCheckpoint, type RunFolder } from './run-folder.ts';
import type { Subject } from './subject.ts';

/** What of a learner's state an optimiser does not start anew. */
const OF_NETWORK = /^(weights|statistics)\//;

/**
 * The first state of a training that starts from another run: weights and running statistics of its network, and the class
 * centers of identities of the same name. Optimiser, loss and schedule start anew. Where the run had several centers a class
 * and the training has one, it takes the one that most of its pictures of the class are nearest to.
 *
 * Centers of other identities start at the mean embedding of their pictures, or at random (`newCenters`).
 *
 * @returns also how many class centers were found, and a line on the others
 * @throws RunFolderError if the run has no checkpoint, or one of another network or other sub-centers
 */
export async function initialState(
  from: RunFolder,
  subject: Pick<Subject, 'network' | 'samples' | 'embedTrained'>,
  config: TrainConfig,
): Promise<{ readonly state: TrainingState; readonly found: number; readonly told: string | undefined }> {
  const { path, state: given } = await readInitial(from);
  requireSubCenters(path, given, config);
  const { network, samples } = subject;
  const { learner } = network;
  const { classes } = samples;
  const { embeddingSize } = learner;
  const loss = lossOf(config, samples);
  const options: FirstStateOptions = { ...trainingOptions(config), loss, classes, embeddingSize };
  const first = firstHeadState(options);
  const weights = weightsFrom(path, given.learner, await learner.state());
  const dominant =
    given.subCenters > first.subCenters ? await dominantOf(given, subject, weights) : undefined;
  const places = new Map(given.classes.map((name, place) => [name, place]));
  // Where there are more centers than there were, the first of a class is the one that it had.
  const rows = Math.min(given.subCenters, first.subCenters);
  let found = 0;
  const isNew = new Set<number>();
  for (const [label, name] of classes.entries()) {
    const place = places.get(name);
    if (place === undefined) {
      isNew.add(label);
      continue;
    }
    const from = place * given.subCenters + (dominant?.[place] ?? 0);
    const centers = given.centers.values.subarray(from * embeddingSize, (from + rows) * embeddingSize);
    first.centers.values.set(centers, label * first.subCenters * embeddingSize);
    if (loss.bias?.of === 'each class' && given.classBias?.values.length === given.classes.length)
      first.classBias!.values[label] = given.classBias.values[place]!;
    found++;
  }
  if (loss.bias?.of === 'all classes' && given.classBias?.values.length === 1)
    first.classBias!.values.set(given.classBias.values);
  const told = await startOthers({ isNew, first, weights }, subject, config);
  return { state: { ...first, learner: weights }, found, told };
}

/** Class centers of identities that the earlier run did not have. */
async function startOthers(
  { isNew, first, weights }: { isNew: ReadonlySet<number>; first: HeadState; weights: NamedTensors },
  subject: Parameters<typeof initialState>[1],
  { newCenters = 'mean' }: TrainConfig,
): Promise<string | undefined> {
  const count = isNew.size;
  if (count === 0) return undefined;
  const others = count === 1 ? 'the other one starts' : `the other ${count} start`;
  if (newCenters === 'random') return `${others} at random`;
  const { rows, dim } = await embeddingsAt(subject, weights);
  const { labels } = subject.samples;
  const moved = startAtMeans(first.centers.values, first.subCenters, isNew, { rows, dim, labels });
  const left = moved === count ? '' : `; ${count - moved} of them without one at random`;
  return `${others} at the mean embedding of their pictures${left}`;
}

async function readInitial(from: RunFolder): Promise<KeptTraining> {
  const kept = await readOutcome(from);
  if (kept === undefined) throw noCheckpoint(from);
  return kept;
}

/** Of each class of a run, which of its centers most of the pictures are nearest to that are to be trained on. */
async function dominantOf(
  { classes, centers, subCenters }: KeptTraining['state'],
  subject: Parameters<typeof initialState>[1],
  weights: NamedTensors,
): Promise<Int32Array> {
  const { dim, rows } = await embeddingsAt(subject, weights);
  const places = new Map(classes.map((name, place) => [name, place]));
  const placed = Array.from(subject.samples.labels, (label, row) => ({
    row,
    place: places.get(subject.samples.classes[label]!),
  })).filter(({ place }) => place !== undefined);
  const embeddings = new Float32Array(placed.length * dim);
  for (const [at, { row }] of placed.entries())
    embeddings.set(rows.subarray(row * dim, (row + 1) * dim), at * dim);
  const labels = placed.map(({ place }) => place!);
  return dominantCenters({ embeddings, labels, dim }, { centers: centers.values, subCenters });
}

function requireSubCenters(
  path: string,
  { subCenters }: KeptTraining['state'],
  config: Pick<TrainConfig, 'subCenters'>,
): void {
  if (subCenters === 1 || config.subCenters === 1 || subCenters === config.subCenters) return;
  throw new RunFolderError(
    `'${path}' with ${subCenters} centers a class, for --sub-centers ${config.subCenters}`,
    `--sub-centers ${subCenters}, or 1 for the dominant ones`,
    'say --sub-centers as the run had it, or 1.',
  );
}

/**
 * Reads what a training is to start from, before anything is written.
 *
 * @param learner where it is there already: that the weights fit it.
 * @throws RunFolderError if the run has no checkpoint that can be read, or one of another network or other sub-centers
 */
export async function requireInitial(
  from: RunFolder | undefined,
  config: TrainConfig,
  learner?: Learner,
): Promise<void> {
  if (from === undefined) return;
  const { path, state } = await readInitial(from);
  requireSubCenters(path, state, config);
  if (learner !== undefined) weightsFrom(path, state.learner, await learner.state());
}

function weightsFrom(path: string, given: NamedTensors, own: NamedTensors): NamedTensors {
  const named = [...own].map(([name, tensor]) => {
    if (!OF_NETWORK.test(name)) return [name, tensor] as const;
    const other = given.get(name);
    if (`${other?.shape}` === `${tensor.shape}`) return [name, other!] as const;
    throw new RunFolderError(
      `'${path}' with '${name}' ${other === undefined ? 'absent' : `[${other.shape.join(', ')}]`}`,
      `[${tensor.shape.join(', ')}], as the network has it`,
      'start from a run of the same backbone, engine and --dim.',
    );
  });
  return new Map(named);
}
