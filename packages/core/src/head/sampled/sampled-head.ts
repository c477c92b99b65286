import { InProcessRanks } from '../../communicator/in-process-ranks.ts';
import { requireChoice, requireInteger, requireRange } from '../../errors/check-options.ts';
import { BackendError, OptionOutOfRangeError } from '../../errors/errors.ts';
import { type OptionNames, requireKnownOptions } from '../../errors/option-types.ts';
import type { MarginLoss } from '../../losses/margin-loss.ts';
import { checkState } from '../../state/loss-state.ts';
import { checkLabels } from '../check-labels.ts';
import type {
  Backend,
  ClassSample,
  FloatArray,
  GradientRows,
  GradientTaker,
  Head,
  HeadInput,
  HeadOptions,
  HeadOutput,
} from '../contract.ts';
import { lowerBound } from '../phases/gradient-rows.ts';
import { NO_TARGET } from '../phases/target-points.ts';
import { eachRun, gatherRows } from './gathered-rows.ts';
import { type ClassRate, sampleClasses } from './sample-classes.ts';

/** How a head samples its classes. */
export interface SampledHeadOptions
  extends Omit<HeadOptions, 'communicator' | 'firstClass' | 'inspect'>,
    ClassRate {
  /**
   * `published`, by default: the loss is that of the sampled classes and knows no others (Partial FC). `corrected`: each
   * sampled class that is no sample's own counts for as many as it was drawn from, so that sum and gradients of the negatives
   * are, in the mean over draws, those over all classes (importance sampling, Bengio and Senécal 2003).
   */
  readonly negatives?: 'published' | 'corrected' | undefined;
}

const OPTIONS: OptionNames<SampledHeadOptions> = {
  rate: true,
  count: true,
  seed: true,
  negatives: true,
  tileSize: true,
  subCenters: true,
  checkFinite: true,
};

/**
 * A head over a part of the classes in each training step: those of the batch always, and others drawn anew (Partial FC, An et
 * al. 2021 and 2022). W, b and labels are those of all classes; rows that were not drawn are neither read nor, with a
 * `gradientTaker`, handed over. t and other statistics come from target cosines, which are all there. In evaluation, and
 * where all classes are drawn, it is the full head, to the bit.
 *
 * @param backend whose heads take a communicator.
 * @throws OptionOutOfRangeError unless one of rate and count is given, in range; UnknownNameError; BackendError
 */
export async function sampledHead(
  backend: Backend,
  loss: MarginLoss,
  options: SampledHeadOptions,
): Promise<Head> {
  requireKnownOptions('sampledHead', options, OPTIONS);
  const { rate, count, seed, negatives = 'published', ...ofHead } = options;
  if ((rate === undefined) === (count === undefined))
    throw new OptionOutOfRangeError('rate', rate, 'a rate or a count, one of them');
  if (rate !== undefined) requireRange('rate', rate, 0, 1, 'exclusive lower bound');
  if (count !== undefined) requireInteger('count', count, 1, Number.MAX_SAFE_INTEGER);
  requireInteger('seed', seed, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  requireChoice('negatives', negatives, ['published', 'corrected']);
  if (!backend.sharded)
    throw new BackendError(
      `sampled classes on ${backend.name}`,
      'a backend whose heads take a communicator',
      'take another backend, or all classes.',
    );
  const whole = await backend.createHead(loss, ofHead);
  const pair = negatives === 'corrected' ? await openPair(backend, loss, ofHead) : undefined;
  const sampled = new SampledSteps(whole, pair, { rate, count, seed });
  return {
    loss,
    subCenters: whole.subCenters,
    step: (input) => sampled.step(input),
    dispose() {
      whole.dispose();
      for (const head of pair?.heads ?? []) head.dispose();
    },
  };
}

/** A head for the classes of a batch and one for the others, which are one head together. */
interface HeadPair {
  readonly heads: readonly [Head, Head];
  readonly ranks: InProcessRanks;
}

async function openPair(
  backend: Backend,
  loss: MarginLoss,
  options: Pick<HeadOptions, 'tileSize' | 'subCenters' | 'checkFinite'>,
): Promise<HeadPair> {
  const ranks = new InProcessRanks(2);
  const open = (rank: number): Promise<Head> =>
    backend.createHead(loss, { ...options, communicator: ranks.communicator(rank), firstClass: 0 });
  return { heads: [await open(0), await open(1)], ranks };
}

/** Rows and biases of some classes, and what a head is told of them. */
interface Part {
  readonly ids: Int32Array;
  readonly input: HeadInput;
}

class SampledSteps {
  readonly #whole: Head;
  readonly #pair: HeadPair | undefined;
  readonly #rate: ClassRate;
  /** Kept from step to step. */
  readonly #rows: (FloatArray | undefined)[] = [];

  constructor(whole: Head, pair: HeadPair | undefined, rate: ClassRate) {
    this.#whole = whole;
    this.#pair = pair;
    this.#rate = rate;
  }

  async step(given: HeadInput): Promise<HeadOutput> {
    const { loss, subCenters } = this.#whole;
    const { mode = 'train', weights, dim } = given;
    const classes = weights.length / (dim * subCenters);
    // What is wrong with other shapes, the full head says.
    if (mode === 'eval' || !Number.isInteger(classes)) return this.#whole.step(given);
    const labels = checkLabels(given.labels, classes, dim);
    const input = { ...given, labels };
    const { step } = checkState(loss, input.state, input.step).values;
    const { ids, positives } = sampleClasses(labels, classes, this.#rate, step!);
    if (ids.length === classes) return this.#whole.step(input);
    const sums = input.gradientTaker === undefined ? new WholeGradient(input) : undefined;
    const taker = input.gradientTaker ?? sums!;
    const gradBias = loss.bias?.of === 'each class' ? input.bias!.slice().fill(0) : undefined;
    const output = this.#pair
      ? await this.#corrected(input, { ids, positives, classes, taker, gradBias })
      : await this.#published(input, { ids, classes, taker, gradBias });
    return {
      ...output,
      ...(sums && { gradWeights: sums.values }),
      gradBias: gradBias ?? output.gradBias,
    };
  }

  async #published(input: HeadInput, drawn: Omit<Drawn, 'positives'>): Promise<HeadOutput> {
    const part = this.#part(input, 0, drawn.ids, { classes: drawn.classes }, drawn.taker);
    const output = await this.#whole.step(part.input);
    scatterBias(drawn.gradBias, part, output);
    return output;
  }

  /** The classes of the batch on one head, which count once, and the others on another, which count for those not drawn. */
  async #corrected(input: HeadInput, drawn: Drawn): Promise<HeadOutput> {
    const { ids, positives, classes, taker, gradBias } = drawn;
    const own = new Set(positives);
    const others = ids.filter((id) => !own.has(id));
    const standFor = classes - positives.length;
    const takers = sharedTaker(taker);
    const parts = [
      this.#part(input, 0, positives, { classes, standFor: positives.length }, takers),
      this.#part(
        input,
        1,
        others,
        { classes, standFor, weight: standFor / Math.max(others.length, 1) },
        takers,
      ),
    ];
    const { heads, ranks } = this.#pair!;
    const steps = parts.map(async (part, at) => {
      try {
        return await heads[at]!.step(part.input);
      } catch (error) {
        ranks.fail(error);
        throw error;
      }
    });
    // A batch that fails on one of them, or on both, ends there: the next is none the worse.
    if ((await Promise.allSettled(steps)).some(({ status }) => status === 'rejected')) ranks.recover();
    const outputs = await Promise.all(steps);
    parts.forEach((part, at) => {
      scatterBias(gradBias, part, outputs[at]!);
    });
    return outputs[0]!;
  }

  #part(
    input: HeadInput,
    at: number,
    ids: Int32Array,
    told: Omit<ClassSample, 'ids'>,
    taker: GradientTaker,
  ): Part {
    const { loss, subCenters } = this.#whole;
    const { dim, bias } = input;
    const rows = gatherRows(input.weights, ids, dim * subCenters, this.#rows[at]);
    this.#rows[at] = rows;
    const { gradWeights: _, sharedTiles: __, ...rest } = input;
    return {
      ids,
      input: {
        ...rest,
        weights: rows,
        bias: loss.bias?.of === 'each class' ? gatherRows(bias!, ids, 1) : bias,
        labels: Int32Array.from(input.labels, (label) => placeOf(ids, label)),
        sampled: { ids, ...told },
        gradientTaker: rowsOfClasses(ids, subCenters, dim, taker),
      },
    };
  }
}

interface Drawn {
  readonly ids: Int32Array;
  readonly positives: Int32Array;
  readonly classes: number;
  readonly taker: GradientTaker;
  readonly gradBias: FloatArray | undefined;
}

/** Where a class stands in a rising list, or that it does not. */
function placeOf(ids: Int32Array, id: number): number {
  const place = lowerBound(ids, id);
  return ids[place] === id ? place : NO_TARGET;
}

/** Hands over rows of W by their places among all. */
function rowsOfClasses(
  ids: Int32Array,
  subCenters: number,
  dim: number,
  taker: GradientTaker,
): GradientTaker {
  const take = ({ first, values }: GradientRows): void => {
    const rowOf = (row: number): number =>
      ids[Math.floor(row / subCenters)]! * subCenters + (row % subCenters);
    const rows = Int32Array.from({ length: values.length / dim }, (_, k) => rowOf(first + k));
    eachRun(rows, 0, rows.length, (place, row, count) => {
      taker.take({ first: row, values: values.subarray(place * dim, (place + count) * dim) });
    });
  };
  return taker.begin === undefined ? { take } : { begin: (norm) => taker.begin!(norm), take };
}

/** Of two heads, which both tell the norm that they have together, before either hands over a row. */
function sharedTaker(taker: GradientTaker): GradientTaker {
  if (taker.begin === undefined) return taker;
  let told = false;
  return {
    begin(norm) {
      if (told) return;
      told = true;
      taker.begin!(norm);
    },
    take: (rows) => taker.take(rows),
  };
}

function scatterBias(gradBias: FloatArray | undefined, { ids }: Part, output: HeadOutput): void {
  if (gradBias === undefined) return;
  ids.forEach((id, place) => {
    gradBias[id] = output.gradBias![place]!;
  });
}

/** ∂L/∂W of all classes, for who takes no rows: 0 where none was drawn. */
class WholeGradient implements GradientTaker {
  readonly values: FloatArray;
  readonly #dim: number;

  constructor({ weights, gradWeights, dim }: HeadInput) {
    const length = weights.length;
    this.values =
      gradWeights?.fill(0) ??
      (weights instanceof Float32Array ? new Float32Array(length) : new Float64Array(length));
    this.#dim = dim;
  }

  take({ first, values }: GradientRows): void {
    this.values.set(values, first * this.#dim);
  }
}
