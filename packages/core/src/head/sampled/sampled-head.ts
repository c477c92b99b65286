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
  GradientTaker,
  Head,
  HeadInput,
  HeadOptions,
  HeadOutput,
} from '../contract.ts';
import { requireFirstClass } from '../phases/class-values.ts';
import { lowerBound } from '../phases/gradient-rows.ts';
import { meetingsOf } from '../phases/meetings.ts';
import { runSteps } from '../phases/steps.ts';
import { NO_TARGET } from '../phases/target-points.ts';
import { gatherRows } from './gathered-rows.ts';
import { HeadPair } from './head-pair.ts';
import { rowsOfClasses, sharedTaker, WholeGradient } from './row-takers.ts';
import { type ClassRate, type SampledClasses, sampleClasses } from './sample-classes.ts';

/** How a head samples its classes. */
export interface SampledHeadOptions extends Omit<HeadOptions, 'inspect'>, ClassRate {
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
  communicator: true,
  firstClass: true,
};

/**
 * A head over a part of the classes in each training step: those of the batch always, and others drawn anew (Partial FC, An et
 * al. 2021 and 2022). W, b and labels are those of all classes; rows that were not drawn are neither read nor, with a
 * `gradientTaker`, handed over. t and other statistics come from target cosines, which are all there. In evaluation, and
 * where all classes are drawn, it is the full head, to the bit.
 *
 * With a communicator it is one of several that share the classes, all with the same rate, count and seed: each draws from
 * its own, and all together see what one head of all classes does, however many there are.
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
  const pair = negatives === 'corrected' ? await HeadPair.open(backend, loss, ofHead) : undefined;
  const sampled = new SampledSteps(whole, pair, { rate, count, seed }, ofHead);
  return {
    loss,
    subCenters: whole.subCenters,
    step: (input) => sampled.step(input),
    dispose() {
      whole.dispose();
      pair?.dispose();
    },
  };
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
  readonly #options: Pick<HeadOptions, 'communicator' | 'firstClass'>;
  /** Kept from step to step. */
  readonly #rows: (FloatArray | undefined)[] = [];

  constructor(
    whole: Head,
    pair: HeadPair | undefined,
    rate: ClassRate,
    options: Pick<HeadOptions, 'communicator' | 'firstClass'>,
  ) {
    this.#whole = whole;
    this.#pair = pair;
    this.#rate = rate;
    this.#options = options;
  }

  async step(given: HeadInput): Promise<HeadOutput> {
    const { loss, subCenters } = this.#whole;
    const { mode = 'train', weights, bias, dim } = given;
    const own = weights.length / (dim * subCenters);
    const isBiased = loss.bias?.of === 'each class';
    // What is wrong with other shapes, the full head says.
    if (mode === 'eval' || !Number.isInteger(own) || (isBiased && bias?.length !== own))
      return this.#whole.step(given);
    const labels = checkLabels(given.labels, own, dim, this.#options.communicator ? NO_TARGET : 0);
    const input = { ...given, labels };
    const { step } = checkState(loss, input.state, input.step).values;
    const sampled = await this.#draw(labels, own, step!);
    if (sampled.drawn === sampled.others) return this.#whole.step(input);
    const sums = input.gradientTaker === undefined ? new WholeGradient(input) : undefined;
    const taker = input.gradientTaker ?? sums!;
    const gradBias = isBiased ? bias!.slice().fill(0) : undefined;
    const drawn = { ...sampled, own, taker, gradBias };
    const output = this.#pair
      ? await this.#corrected(input, drawn, this.#pair)
      : await this.#published(input, drawn);
    return {
      ...output,
      ...(sums && { gradWeights: sums.values }),
      gradBias: gradBias ?? output.gradBias,
    };
  }

  /** Which of the own classes this batch sees, counted from 0: what is drawn follows from the samples of all ranks. */
  async #draw(
    labels: Int32Array,
    own: number,
    step: number,
  ): Promise<SampledClasses & { readonly classes: number }> {
    const { communicator, firstClass = 0 } = this.#options;
    const ofAll = Float64Array.from(labels, (label) => (label === NO_TARGET ? 0 : firstClass + label));
    const classes = communicator
      ? await runSteps(meetingsOf(communicator).targets([ofAll], labels, own))
      : own;
    requireFirstClass(this.#options, { classes: own, allClasses: classes });
    const range = { from: firstClass, to: firstClass + own };
    const { ids, positives, ...rest } = sampleClasses(ofAll, classes, this.#rate, step, range);
    const fromZero = (all: Int32Array): Int32Array => all.map((id) => id - firstClass);
    return { ...rest, classes, ids: fromZero(ids), positives: fromZero(positives) };
  }

  async #published(input: HeadInput, { ids, classes, taker, gradBias }: Drawn): Promise<HeadOutput> {
    const part = this.#part(input, 0, ids, { classes }, taker);
    const output = await this.#whole.step(part.input);
    scatterBias(gradBias, part, output);
    return output;
  }

  /**
   * The classes of the batch on one head, which count once, and the others on another, which count for those not drawn: as
   * many on every rank, whatever it has drawn, for that is how often each class is drawn.
   */
  async #corrected(input: HeadInput, drawn: Drawn, pair: HeadPair): Promise<HeadOutput> {
    const { ids, positives, classes, taker, gradBias } = drawn;
    const mine = new Set(positives);
    const negatives = ids.filter((id) => !mine.has(id));
    const weight = drawn.others / Math.max(drawn.drawn, 1);
    const takers = sharedTaker(taker);
    const parts = [
      this.#part(input, 0, positives, { classes, standFor: positives.length }, takers),
      this.#part(input, 1, negatives, { classes, standFor: drawn.own - positives.length, weight }, takers),
    ] as const;
    const outputs = await pair.step([parts[0].input, parts[1].input]);
    parts.forEach((part, at) => {
      scatterBias(gradBias, part, outputs[at]!);
    });
    return outputs[0];
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

interface Drawn extends SampledClasses {
  /** Classes of this rank, and of all. */
  readonly own: number;
  readonly classes: number;
  readonly taker: GradientTaker;
  readonly gradBias: FloatArray | undefined;
}

/** Where a class stands in a rising list, or that it does not. */
function placeOf(ids: Int32Array, id: number): number {
  const place = lowerBound(ids, id);
  return ids[place] === id ? place : NO_TARGET;
}

function scatterBias(gradBias: FloatArray | undefined, { ids }: Part, output: HeadOutput): void {
  if (gradBias === undefined) return;
  ids.forEach((id, place) => {
    gradBias[id] = output.gradBias![place]!;
  });
}
