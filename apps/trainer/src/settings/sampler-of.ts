import type { Sampler } from '@cf/core';
import { balancedSampler, curriculumSampler, identitySampler } from '@cf/data';
import { defaultSampler } from '@cf/training';
import type { NamedSamples } from '../dataset/picture-samples.ts';
import { UsageError } from '../errors.ts';
import { samplerChoice } from './sampler-choice.ts';
import type { TrainConfig } from './train-config.ts';

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
