import type { MarginLoss } from '../../losses/margin-loss.ts';
import { keyedNormal } from '../../random/margin-draws.ts';
import type { HeadInput } from '../contract.ts';

const BATCH = 5;
export const CLASSES = 41;
export const DIM = 3;

/** Samples of each class. */
export const COUNTS: readonly number[] = Array.from({ length: CLASSES }, (_, c) => 1 + (c % 7));

export const fill = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => keyedNormal(seed, 0, i));

/** A batch two of whose samples are of one class, with a bias where the loss has one. */
export function problem(loss: Pick<MarginLoss, 'bias'>, subCenters = 1): HeadInput {
  return {
    embeddings: fill(BATCH * DIM, 1),
    weights: fill(CLASSES * subCenters * DIM, 2),
    labels: [0, 30, 6, 40, 6],
    dim: DIM,
    ...(loss.bias ? { bias: fill(loss.bias.of === 'all classes' ? 1 : CLASSES, 3) } : {}),
  };
}
