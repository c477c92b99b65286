import {
  type CurriculumPace,
  createRandom,
  curriculumOrder,
  curriculumShare,
  curriculumSubset,
  type LastBatch,
  type OptionNames,
  type Random,
  requireKnownOptions,
  type Sampler,
  uniformSampler,
} from '@cf/core';

const OPTIONS: OptionNames<CurriculumSamplerOptions> = {
  difficulty: true,
  size: true,
  seed: true,
  pace: true,
  lastBatch: true,
};

/** What {@link curriculumSampler} is made of. */
export interface CurriculumSamplerOptions {
  /** One number a sample, larger is harder: `[N]`. */
  readonly difficulty: ArrayLike<number>;
  /** Samples a step. */
  readonly size: number;
  readonly seed: number | string;
  /** How the share of the data in use grows; its `growSteps` counts steps. */
  readonly pace: CurriculumPace;
  readonly lastBatch?: LastBatch;
}

/**
 * The classic curriculum (Bengio et al. 2009): a step draws from the easiest share of the data, which grows from step to
 * step as its pace says (Hacohen and Weinshall 2019). Once all data is in use, an epoch is a uniform one.
 *
 * No sample comes twice in a step, unless the share is smaller than a step: then all of it comes as often as the rest of
 * it does, to within one. What a step sees depends on seed and step alone.
 *
 * @throws NonFiniteError for a difficulty, OptionOutOfRangeError for a size or a pace out of range.
 */
export function curriculumSampler(options: CurriculumSamplerOptions): Sampler {
  requireKnownOptions('curriculumSampler', options, OPTIONS);
  const { difficulty, size, seed, pace, lastBatch } = options;
  const order = curriculumOrder(difficulty);
  const uniform = uniformSampler({ count: order.length, size, seed, ...(lastBatch && { lastBatch }) });
  curriculumShare(0, pace);
  const { steps } = uniform;
  return {
    ...uniform,
    batches(epoch) {
      const whole = uniform.batches(epoch);
      if (curriculumShare(epoch * steps, pace) >= 1) return whole;
      return whole.map(({ length }, position) => {
        const step = epoch * steps + position;
        const easiest = curriculumSubset(order, step, pace);
        const random = createRandom(seed).fork('curriculum').fork(step);
        return Uint32Array.from(drawPlaces(easiest.length, length, random), (place) => easiest[place]!);
      });
    },
  };
}

/** Some of the places 0 … count − 1, each as often as any other to within one, in random order. */
function drawPlaces(count: number, wanted: number, random: Random): readonly number[] {
  const rounds = Math.floor(wanted / count);
  const places = Array.from({ length: rounds * count }, (_, at) => at % count);
  // The first steps of a Fisher-Yates shuffle, of which only what has moved is kept.
  const moved = new Map<number, number>();
  for (let at = 0; places.length < wanted; at++) {
    const other = random.integer(at, count);
    places.push(moved.get(other) ?? other);
    moved.set(other, moved.get(at) ?? at);
  }
  return random.shuffle(places);
}
