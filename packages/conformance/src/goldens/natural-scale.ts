import { logitScale, numberOps } from '@cf/core';
import { rowNorms } from '../problems/problem.ts';
import type { GoldenCase, GoldenStep } from './golden-file.ts';
import { goldenLoss } from './golden-loss.ts';

/** The size that each array of a step naturally has; errors are compared with it where the values themselves are smaller. */
export interface NaturalScales {
  readonly values: number;
  readonly gradEmbeddings: number;
  readonly gradWeights: number;
  readonly gradBias: number;
}

/**
 * 1 for losses, logits and state; w·s/(B·min‖v‖) for gradients, v being the vectors differentiated and w the weight of the
 * loss, with max‖x‖ in place of s where logits scale with the norm; s/B on inner products (1/B for softmax).
 */
export function naturalScales(golden: GoldenCase, step: GoldenStep): NaturalScales {
  const { batch, dim } = golden;
  const norms = rowNorms(step.embeddings, dim);
  const loss = goldenLoss(golden);
  const moved = loss.name === 'adacos' ? adaptiveScale(golden, step) : undefined;
  const scale = (loss.lossWeight * logitScale(numberOps, loss, Math.max(...norms), moved)) / batch;
  const shortest = (of: readonly number[]): number => (loss.geometry === 'inner' ? 1 : Math.min(...of));
  return {
    values: 1,
    gradEmbeddings: scale / shortest(norms),
    gradWeights: scale / shortest(rowNorms(step.weights, dim)),
    gradBias: 1 / batch,
  };
}

/** The scale that AdaCos has after the step. */
function adaptiveScale({ classes }: GoldenCase, { stateAfter }: GoldenStep): number {
  return stateAfter?.scale ?? Math.SQRT2 * Math.log(classes - 1);
}

/** max|a − b| over max(max|b|, scale); NaN counts as infinite. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, scale: number): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let size = scale;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return worst / size;
}
