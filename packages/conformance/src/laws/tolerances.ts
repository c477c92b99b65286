import { type Backend, type HeadInput, logitScale, type MarginLoss, numberOps, rowNorms } from '@cf/core';

const EPSILON: Readonly<Record<Backend['precision'], number>> = { float64: 2 ** -52, float32: 2 ** -23 };

/**
 * Tolerances of a batch. A cosine off by one ulp moves a logit by s ulps, so every tolerance is k·ε·s, times the
 * size that the array naturally has.
 */
export interface NaturalTolerances {
  /** k·ε·s for the backend's precision. */
  unit(backend: Backend): number;
  readonly loss: number;
  readonly losses: number;
  readonly embeddings: number;
  readonly weights: number;
  readonly bias: number;
}

const K = 64;

export function naturalGradientScales(loss: MarginLoss, input: HeadInput): NaturalTolerances {
  const { dim, labels, embeddings, weights } = input;
  const batch = labels.length;
  const smallest = (values: ArrayLike<number>): number => Math.min(...rowNorms(values, dim));
  const largest = (values: ArrayLike<number>): number => Math.max(...rowNorms(values, dim));
  const reach = loss.geometry === 'inner' ? Math.max(1, largest(embeddings), largest(weights)) : 1;
  const scale = logitScale(numberOps, loss, Math.max(1, largest(embeddings))) * reach;
  const weight = Math.max(1, loss.lossWeight) * Math.max(1, ...Array.from(input.sampleWeights ?? [1]));
  // Where no probability joins the classes, each adds its own whole share.
  const joined = loss.objective.kind === 'binary' ? weights.length / dim : 1;
  const gradient = (weight * scale * joined) / batch;
  return {
    unit: (backend) => K * EPSILON[backend.precision] * Math.max(scale, 1),
    loss: weight * joined,
    losses: weight * joined,
    embeddings: gradient / (loss.geometry === 'inner' ? 1 : smallest(embeddings)),
    weights: gradient / (loss.geometry === 'inner' ? 1 : smallest(weights)),
    bias: (weight * loss.scale * joined) / batch,
  };
}
