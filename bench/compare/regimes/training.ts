import {
  arcFace,
  createRandom,
  curricularFace,
  type EmaPreset,
  type MarginLoss,
  meanOf,
  referenceBackend,
} from '../../../packages/core/src/index.ts';
import { identityPairs, splitIdentities } from '../../../packages/data/src/index.ts';
import { cosineSimilarity, verify } from '../../../packages/eval/src/index.ts';
import { type StepMetrics, sgd, type TrainingSamples, train } from '../../../packages/training/src/index.ts';
import { linearLearner } from '../../../packages/training/src/testing/index.ts';
import { FEATURES, type Features, type People } from './drawn-people.ts';

/** What a regime sets, for both losses. */
export interface Setting {
  readonly people: People;
  /** Share of the labels that are exchanged among each other. */
  readonly labelNoise: number;
  /** d. */
  readonly dim: number;
  /** s. */
  readonly scale: number;
  readonly epochs: number;
  /**
   * Learning rate over d, 2e-4 by default: embeddings have the length √d at first, and their angles move by its inverse square.
   */
  readonly rate?: number;
  /** Of CurricularFace alone. */
  readonly curriculum: { readonly alpha?: EmaPreset | number; readonly tInitial?: number };
}

export type LossName = 'arcface' | 'curricularface';

/** One training of a regime. */
export interface Cell {
  readonly setting: Setting;
  readonly loss: LossName;
  /** m. */
  readonly margin: number;
  /** Of the people held out, the first weights, the order of samples and the wrong labels. */
  readonly seed: number;
}

/** What it came to: scores of pairs of held-out people, and means over the last epoch. */
export interface Outcome {
  readonly auc: number;
  readonly accuracy: number;
  readonly loss: number;
  /** Mean target cosine. */
  readonly r: number;
  /** Of CurricularFace; null for others. */
  readonly t: number | null;
  /** Share of the negatives that were hard. */
  readonly hard: number;
  /** Share of the hard ones, as the metrics count them; null for others than CurricularFace. */
  readonly emphasised: number | null;
}

const [HELD_OUT, FOLDS, MOST_PAIRS] = [0.2, 10, 4000];
const [BATCH, MOMENTUM, WEIGHT_DECAY] = [64, 0.9, 5e-4];
const LEARNING_RATE = 2e-4;

/** Trains a linear embedding on pictures of drawn people, and scores it on others. */
export async function trainCell({ setting, loss, margin, seed }: Cell, features: Features): Promise<Outcome> {
  const { people, dim, rate = LEARNING_RATE } = setting;
  const everybody = Array.from({ length: people.identities }, (_, person) => person);
  const { train: trained, validation } = splitIdentities(everybody, { validation: HELD_OUT, seed });
  const samples = samplesOf(trained, setting, features, seed);
  const random = createRandom(seed).fork('embedding');
  const learner = linearLearner({
    inputSize: FEATURES,
    embeddingSize: dim,
    weight: Float32Array.from({ length: dim * FEATURES }, () => random.normal() / Math.sqrt(FEATURES)),
    bias: new Float32Array(dim),
    momentum: MOMENTUM,
    weightDecay: WEIGHT_DECAY,
  });
  const head = await referenceBackend().createHead(lossOf(loss, margin, setting));
  const options = {
    epochs: setting.epochs,
    batch: BATCH,
    rule: sgd({ momentum: MOMENTUM }),
    weightDecay: WEIGHT_DECAY,
    schedule: { name: 'cosine', base: rate * dim },
    seed,
  } as const;
  const last: StepMetrics[] = [];
  for await (const event of train({ learner, head, samples, options }))
    if (event.type === 'step' && event.metrics.epoch === setting.epochs) last.push(event.metrics);
  const embed = (person: number, image: number): Promise<ArrayLike<number>> =>
    learner.embed({
      values: samples.standardised(person, image),
      shape: [1, FEATURES],
      step: 0,
      position: 0,
    });
  const score = await scoreOf(validation, setting, seed, embed);
  await learner.dispose();
  return { ...score, ...means(last) };
}

function lossOf(name: LossName, margin: number, { scale, curriculum }: Setting): MarginLoss {
  return name === 'arcface' ? arcFace({ scale, margin }) : curricularFace({ scale, margin, ...curriculum });
}

/** Standardised by the mean of each feature and one scale for all, of the pictures that are trained on. */
function samplesOf(
  trained: readonly number[],
  { people: { imagesPerIdentity }, labelNoise }: Setting,
  features: Features,
  seed: number,
): TrainingSamples & { standardised(person: number, image: number): Float32Array } {
  const row = (person: number, image: number): Float32Array =>
    features.subarray(...[0, 1].map((after) => (person * imagesPerIdentity + image + after) * FEATURES));
  const rows = trained.flatMap((person) =>
    Array.from({ length: imagesPerIdentity }, (_, image) => row(person, image)),
  );
  const mean = Float64Array.from({ length: FEATURES }, (_, f) => meanOf(rows.map((one) => one[f]!)));
  const square = meanOf(rows.map((one) => meanOf(one.map((x, f) => (x - mean[f]!) ** 2))));
  const standard = (one: Float32Array): Float32Array => one.map((x, f) => (x - mean[f]!) / Math.sqrt(square));
  const standardised = rows.map(standard);
  const labels = Int32Array.from(rows, (_, at) => Math.floor(at / imagesPerIdentity));
  exchange(labels, labelNoise, seed);
  return {
    count: rows.length,
    labels,
    classes: trained.length,
    batch(indices) {
      const values = new Float32Array(indices.length * FEATURES);
      for (const [at, index] of indices.entries()) values.set(standardised[index]!, at * FEATURES);
      return { values, shape: [indices.length, FEATURES] };
    },
    standardised: (person, image) => standard(row(person, image)),
  };
}

/** A share of the labels in a ring: nearly all of them become those of somebody else. */
function exchange(labels: Int32Array, share: number, seed: number): void {
  const order = createRandom(seed).fork('label noise').shuffle(Int32Array.from(labels.keys()));
  const chosen = order.subarray(0, Math.round(share * labels.length));
  const given = Int32Array.from(chosen, (index) => labels[index]!);
  for (const [at, index] of chosen.entries()) labels[index] = given[(at + 1) % given.length]!;
}

async function scoreOf(
  people: readonly number[],
  { people: { imagesPerIdentity } }: Setting,
  seed: number,
  embed: (person: number, image: number) => Promise<ArrayLike<number>>,
): Promise<Pick<Outcome, 'auc' | 'accuracy'>> {
  const counts = people.map(() => imagesPerIdentity);
  const pairs = identityPairs({ counts, seed, folds: FOLDS, mostPairs: MOST_PAIRS });
  const embeddings = await Promise.all(
    people.map((person) =>
      Promise.all(Array.from({ length: imagesPerIdentity }, (_, image) => embed(person, image))),
    ),
  );
  const scores = pairs.map(({ a, b }) =>
    cosineSimilarity(embeddings[a.identity]![a.image]!, embeddings[b.identity]![b.image]!),
  );
  const [same, folds] = [pairs.map((pair) => pair.same), pairs.map(({ fold }) => fold)];
  const { auc, accuracy } = verify({ scores, same, folds });
  return { auc, accuracy };
}

function means(steps: readonly StepMetrics[]): Omit<Outcome, 'auc' | 'accuracy'> {
  const mean = (value: (step: StepMetrics) => number | null): number =>
    meanOf(steps.map((step) => value(step) ?? 0));
  const hard = mean(({ hardShare }) => hardShare);
  const hasT = steps[0]!.t !== null;
  const emphasised = mean(({ hardShare, emphasisedShare }) => (hardShare ?? 0) * (emphasisedShare ?? 0));
  return {
    loss: mean(({ loss }) => loss),
    r: mean(({ meanTargetCosine }) => meanTargetCosine),
    t: hasT ? mean(({ t }) => t) : null,
    hard,
    emphasised: hasT ? (hard === 0 ? 0 : emphasised / hard) : null,
  };
}
