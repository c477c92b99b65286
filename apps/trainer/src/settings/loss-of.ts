import { createLoss, type MarginLoss } from '@cf/core';
import type { NamedSamples } from '../dataset/picture-samples.ts';
import { UsageError } from '../errors.ts';
import type { TrainConfig } from './train-config.ts';

/** The loss of a configuration, for the samples that it is trained on. @throws OptionOutOfRangeError where they don't fit */
export function lossOf(
  { loss: { name, params } }: Pick<TrainConfig, 'loss'>,
  samples: Pick<NamedSamples, 'labels' | 'classes'>,
): MarginLoss {
  return createLoss(name, params, { classCounts: classCountsOf(samples) });
}

/** Pictures of each class. */
export function classCountsOf({ labels, classes }: Pick<NamedSamples, 'labels' | 'classes'>): number[] {
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
}

/**
 * Checks a configuration's loss before any picture is known.
 *
 * @throws UnknownNameError, OptionOutOfRangeError, UsageError for a decay of a bias that the loss has not
 */
export function checkLoss({
  loss: { name, params },
  biasWeightDecay,
}: Pick<TrainConfig, 'loss' | 'biasWeightDecay'>): void {
  // Counts that any loss takes.
  const loss = createLoss(name, params, { classCounts: [1] });
  if (biasWeightDecay === 0 || loss.bias !== undefined) return;
  throw new UsageError(
    `--bias-weight-decay ${biasWeightDecay} with ${name}`,
    'a loss that has a bias',
    'leave --bias-weight-decay out.',
  );
}
