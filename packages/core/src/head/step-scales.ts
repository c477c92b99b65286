import { logitScale } from '../losses/logit-scale.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { NORM_FLOOR } from '../numerics.ts';
import { numberOps } from '../readings/number.ts';
import type { Backend, HeadInput } from './contract.ts';

/** The size that each array of a step naturally has; errors are compared with it where the values themselves are smaller. */
export interface StepScales {
  readonly values: number;
  readonly gradEmbeddings: number;
  readonly gradWeights: number;
  readonly gradBias: number;
}

/** Errors by this rule that a stable head meets in each precision, with room. */
export const STEP_TOLERANCE: Readonly<Record<Backend['precision'], number>> = {
  float64: 1e-11,
  float32: 2e-5,
};

/** A batch, as far as the size of its gradients depends on it. */
type SizedBatch = Pick<HeadInput, 'dim'> & {
  readonly embeddings: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
};

/**
 * 1 for losses, logits and state; w·s/(B·min‖v‖) for gradients, v being the vectors differentiated and w the weight of the
 * loss, with max‖x‖ in place of s where logits scale with the norm; s/B on inner products (1/B for softmax).
 *
 * @param moved s after the step, where the loss has one that moves
 */
export function stepScales(
  loss: MarginLoss,
  { embeddings, weights, dim }: SizedBatch,
  moved?: number,
): StepScales {
  const batch = embeddings.length / dim;
  const norms = rowNorms(embeddings, dim);
  const scale = (loss.lossWeight * logitScale(numberOps, loss, Math.max(...norms), moved)) / batch;
  const shortest = (of: readonly number[]): number => (loss.geometry === 'inner' ? 1 : Math.min(...of));
  return {
    values: 1,
    gradEmbeddings: scale / shortest(norms),
    gradWeights: scale / shortest(rowNorms(weights, dim)),
    gradBias: 1 / batch,
  };
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

/** The lengths of the rows that have one: a zero vector has no gradient, and no say in how large gradients are. */
export function rowNorms(values: ArrayLike<number>, dim: number): readonly number[] {
  const long: number[] = [];
  for (let row = 0; row < values.length; row += dim) {
    let squares = 0;
    for (let k = 0; k < dim; k++) squares += values[row + k]! ** 2;
    if (Math.sqrt(squares) >= NORM_FLOOR) long.push(Math.sqrt(squares));
  }
  return long.length > 0 ? long : [1];
}
