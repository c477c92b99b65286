import {
  batchOps,
  type HeadInput,
  initialState,
  type MarginLoss,
  marginDraws,
  numberOps,
  type SampleValues,
} from '@cf/core';

/**
 * The loss of a batch by brute force: full matrices, the textbook softmax, values only. What carries no gradient is
 * frozen at a base point (sample values, G of weightings without gradient, the mask where it is asked for), so that
 * central differences of this are what the analytic gradients must be.
 */
export interface DenseHead {
  /** Loss with the given X, W and b, everything else frozen. */
  loss(
    embeddings: ArrayLike<number>,
    weights: ArrayLike<number>,
    bias: ArrayLike<number> | undefined,
  ): number;
}

/** Freezes a loss at a batch. */
export function denseHead(loss: MarginLoss, input: HeadInput): DenseHead {
  const batch = input.labels.length;
  const state = input.state ?? initialState(loss);
  const base = densePoints(loss, input.embeddings, input.weights, input.bias, input);
  const keys = input.sampleKeys ?? Array.from({ length: batch }, (_, i) => i);
  const draws = marginDraws(loss, state, input.mode ?? 'train', keys, input.draws);
  const statistics = {
    cosTarget: Float64Array.from({ length: batch }, (_, i) => base.cosines[i]![input.labels[i]!]!),
    norm: Float64Array.from(base.norms),
    draws,
  };
  const values = lift(state.values);
  const prepared = loss.prepare(batchOps, statistics, values, input.mode ?? 'train');
  const samples = Array.from({ length: batch }, (_, i) => pick(prepared.sampleValues, i));
  const sampleWeights = Float64Array.from({ length: batch }, (_, i) => input.sampleWeights?.[i] ?? 1);
  const reduce = (nll: Float64Array): { loss: number; dNll: Float64Array } => {
    const { loss: total, dNll } = loss.weighting.reduce(batchOps, { nll, sampleWeights }, values, 'train');
    return { loss: total[0]!, dNll };
  };
  const frozenShare = reduce(negativeLogLikelihood(loss, base, samples, input.labels)).dNll;
  const differentiated = loss.weighting.name === 'focal';
  return {
    loss(embeddings, weights, bias) {
      const points = densePoints(loss, embeddings, weights, bias, input);
      const nll = negativeLogLikelihood(loss, points, samples, input.labels);
      const main = differentiated
        ? reduce(nll).loss
        : nll.reduce((sum, value, i) => sum + value * frozenShare[i]!, 0);
      const extra = points.norms.reduce(
        (sum, norm, i) => sum + (loss.regulariser?.(numberOps, norm).value ?? 0) * sampleWeights[i]!,
        0,
      );
      return main + extra / batch;
    },
  };
}

interface DensePoints {
  readonly cosines: readonly (readonly number[])[];
  readonly norms: readonly number[];
}

function densePoints(
  loss: MarginLoss,
  embeddings: ArrayLike<number>,
  weights: ArrayLike<number>,
  bias: ArrayLike<number> | undefined,
  { dim, labels }: HeadInput,
): DensePoints {
  const rows = (values: ArrayLike<number>, count: number): number[][] =>
    Array.from({ length: count }, (_, r) => Array.from({ length: dim }, (_, k) => values[r * dim + k]!));
  const x = rows(embeddings, labels.length);
  const w = rows(weights, weights.length / dim);
  const cosines = x.map((a) =>
    w.map((b, j) => {
      const product = a.reduce((sum, value, k) => sum + value * b[k]!, 0);
      if (loss.geometry === 'inner') return product + (bias?.[j] ?? 0);
      return product / (Math.hypot(...a) * Math.hypot(...b));
    }),
  );
  return { cosines, norms: x.map((a) => Math.hypot(...a)) };
}

function negativeLogLikelihood(
  loss: MarginLoss,
  { cosines, norms }: DensePoints,
  samples: readonly SampleValues<number>[],
  labels: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(cosines, (row, i) => {
    const label = labels[i]!;
    const scale = loss.geometry === 'cosine' ? loss.scale : loss.geometry === 'norm-scaled' ? norms[i]! : 1;
    const cos = row[label]!;
    const point = { cos, sin: Math.sqrt(Math.max(0, 1 - cos * cos)), norm: norms[i]! };
    const target = loss.target(numberOps, point, samples[i]!);
    const logits = row.map((c, j) =>
      j === label
        ? scale * target.value
        : scale * loss.negative(numberOps, c, target.pivot, samples[i]!).value,
    );
    const largest = Math.max(...logits);
    const total = logits.reduce((sum, z) => sum + Math.exp(z - largest), 0);
    return largest + Math.log(total) - logits[label]!;
  });
}

function lift(values: Readonly<Record<string, number>>): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float64Array.of(value)]));
}

function pick(values: SampleValues<Float64Array>, i: number): SampleValues<number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, v]) => [name, v.length === 1 ? v[0]! : v[i]!]),
  );
}
