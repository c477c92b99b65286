import type { Sampler } from '@cf/core';
import { balancedSampler, curriculumSampler, identitySampler } from '@cf/data';
import { defaultSampler } from '@cf/training';
import type { NamedSamples } from '../dataset/picture-samples.ts';
import { UsageError } from '../errors.ts';
import type { TrainConfig } from './train-config.ts';

/** Which pictures a step sees. */
export type SamplerChoice =
  | { readonly kind: 'uniform' | 'balanced' | 'curriculum' }
  /** P identities × K pictures. */
  | { readonly kind: 'pk'; readonly identities: number; readonly images: number };

/** What `--sampler` says. @throws UsageError */
export function samplerChoice(text: string): SamplerChoice {
  if (text === 'uniform' || text === 'balanced' || text === 'curriculum') return { kind: text };
  const [, identities = 0, images = 0] = (/^pk:(\d+)x(\d+)$/.exec(text) ?? []).map(Number);
  if (identities >= 1 && images >= 1 && identities * images <= 65536)
    return { kind: 'pk', identities, images };
  throw new UsageError(
    `--sampler ${text}`,
    'uniform, balanced, curriculum, or pk:PxK of P identities and K pictures of each',
    'say it such as pk:16x4.',
  );
}

type Sampling = Pick<TrainConfig, 'sampler' | 'batch' | 'accumulate' | 'epochs' | 'seed' | 'lastBatch'> &
  Pick<TrainConfig, 'curriculumPace' | 'curriculumStart' | 'curriculumEnd'>;

/** The sampler of a configuration, for the samples that it is trained on. @throws UsageError where they don't fit */
export function samplerOf(
  config: Sampling,
  samples: Pick<NamedSamples, 'labels' | 'count' | 'difficulty'>,
): Sampler {
  const { batch, accumulate, epochs, seed, lastBatch } = config;
  const { labels, count, difficulty } = samples;
  const choice = samplerChoice(config.sampler);
  const size = batch * accumulate;
  const uniform = defaultSampler(count, { batch, accumulate, seed, lastBatch });
  if (choice.kind === 'uniform') return uniform;
  if (choice.kind === 'balanced') return balancedSampler({ labels, size, seed });
  if (choice.kind === 'pk') {
    const { identities, images } = choice;
    const all = new Set(labels).size;
    if (identities <= all) return identitySampler({ labels, identities, images, accumulate, seed });
    throw new UsageError(
      `--sampler ${config.sampler} for ${all} identities`,
      `at most ${all} identities in a batch`,
      'choose a smaller P.',
    );
  }
  const { curriculumPace: shape, curriculumStart: start, curriculumEnd: end } = config;
  const growSteps = Math.max(1, Math.round(end * uniform.steps * epochs));
  return curriculumSampler({
    difficulty: difficulty!,
    size,
    seed,
    lastBatch,
    pace: { shape, start, growSteps },
  });
}

/** Steps of an epoch on so many pictures, as {@link samplerOf} has them. */
export function stepsPerEpoch(
  {
    sampler,
    batch,
    accumulate,
    seed,
    lastBatch,
  }: Pick<Sampling, 'sampler' | 'batch' | 'accumulate' | 'seed' | 'lastBatch'>,
  count: number,
): number {
  const { kind } = samplerChoice(sampler);
  const isFull = kind === 'balanced' || kind === 'pk';
  return defaultSampler(count, { batch, accumulate, seed, lastBatch: isFull ? 'drop' : lastBatch }).steps;
}

/** A picture left out of twenty is worth a word on how to keep it. */
const WORTH_A_FIX = 0.05;

/** What an epoch leaves out, and a batch size that leaves out little: undefined where nothing is left out. */
export function leftOutText(
  { batch, accumulate }: Pick<TrainConfig, 'batch' | 'accumulate'>,
  count: number,
  { steps, leftOut }: Pick<Sampler, 'steps' | 'leftOut'>,
): string | undefined {
  if (leftOut === 0) return undefined;
  const epoch = `an epoch is ${steps} step${steps === 1 ? '' : 's'} of ${batch * accumulate} pictures: ${leftOut} of ${count} are left out of it, others each time`;
  if (leftOut < WORTH_A_FIX * count) return epoch;
  const fitting = fittingBatch(count, batch, accumulate);
  const say =
    fitting === undefined
      ? ''
      : `--batch ${fitting} leaves out ${count % (fitting * accumulate) || 'none'}, `;
  return `${epoch}; ${say}--last-batch keep trains on all`;
}

/** The largest batch not above the given one, nor under half of it, that leaves out the least. */
function fittingBatch(count: number, batch: number, accumulate: number): number | undefined {
  let best: number | undefined;
  for (let size = batch; size >= Math.max(1, batch / 2); size--) {
    if (size * accumulate > count) continue;
    if (best === undefined || count % (size * accumulate) < count % (best * accumulate)) best = size;
  }
  return best === batch ? undefined : best;
}
