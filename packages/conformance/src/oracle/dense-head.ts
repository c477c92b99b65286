import {
  type BatchValues,
  batchOps,
  type HeadInput,
  initialState,
  logitScale,
  type MarginLoss,
  marginDraws,
  numberOps,
  type ReducedLosses,
  type SampleValues,
} from '@cf/core';

/**
 * The loss of a batch by brute force: full matrices, the textbook softmax, values only. What carries no gradient is
 * frozen at a base point (sample values, pivots, G of weightings without gradient), so that central differences of this
 * are what the analytic gradients must be.
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
  const { labels } = input;
  const frozen = frozenBatch(loss, input);
  const { pivots, sampleWeights } = frozen;
  const frozenShare = frozen.reduce(negativeLogLikelihood(denseLogits(loss, frozen, labels), labels)).dNll;
  return {
    loss(embeddings, weights, bias) {
      const points = densePoints(loss, { ...input, embeddings, weights, bias });
      const nll = negativeLogLikelihood(denseLogits(loss, { ...frozen, points, pivots }, labels), labels);
      const main =
        loss.weighting.gradient === 'through-weight'
          ? frozen.reduce(nll).loss[0]!
          : nll.reduce((sum, value, i) => sum + value * frozenShare[i]!, 0);
      return main + meanRegulariser(loss, points.norms, sampleWeights);
    },
  };
}

/** Where samples and classes stand to each other. */
export interface DensePoints {
  /** X and W as rows. */
  readonly x: readonly (readonly number[])[];
  readonly w: readonly (readonly number[])[];
  /** cos θ_ij, or x·w + b with inner products: [B][C]. */
  readonly cosines: readonly (readonly number[])[];
  /** sin θ_y, 0 with inner products: [B]. */
  readonly sines: readonly number[];
  /** ‖x‖: [B]. */
  readonly norms: readonly number[];
}

/** A batch with all that carries no gradient. */
export interface FrozenBatch {
  readonly points: DensePoints;
  readonly samples: readonly SampleValues<number>[];
  readonly pivots: readonly number[];
  readonly sampleWeights: Float64Array;
  /** The loss's part of the next state. */
  readonly next: Readonly<Record<string, BatchValues>>;
  reduce(nll: Float64Array): ReducedLosses<BatchValues>;
}

/** Runs the statistics of a loss on a batch. */
export function frozenBatch(loss: MarginLoss, input: HeadInput): FrozenBatch {
  const { labels, mode = 'train' } = input;
  const batch = labels.length;
  const state = input.state ?? initialState(loss);
  const points = densePoints(loss, input);
  const keys = input.sampleKeys ?? Array.from({ length: batch }, (_, i) => i);
  const statistics = {
    cosTarget: Float64Array.from({ length: batch }, (_, i) => points.cosines[i]![labels[i]!]!),
    norm: Float64Array.from(points.norms),
    draws: marginDraws(loss, state, mode, keys, input.draws),
  };
  const values = lift(state.values);
  const { sampleValues, next } = loss.prepare(batchOps, statistics, values, mode);
  const samples = Array.from({ length: batch }, (_, i) => pick(sampleValues, i));
  const sampleWeights = Float64Array.from({ length: batch }, (_, i) => input.sampleWeights?.[i] ?? 1);
  return {
    points,
    samples,
    pivots: samples.map(
      (sample, i) => loss.target(numberOps, targetPoint(points, i, labels[i]!), sample).pivot,
    ),
    sampleWeights,
    next,
    reduce: (nll) => loss.weighting.reduce(batchOps, { nll, sampleWeights }, values, mode),
  };
}

/** Where a sample stands to its own class. */
export function targetPoint(
  { cosines, sines, norms }: DensePoints,
  i: number,
  label: number,
): { readonly cos: number; readonly sin: number; readonly norm: number } {
  return { cos: cosines[i]![label]!, sin: sines[i]!, norm: norms[i]! };
}

/** What goes into the softmax: [B][C]. */
export function denseLogits(
  loss: MarginLoss,
  { points, samples, pivots }: Pick<FrozenBatch, 'points' | 'samples' | 'pivots'>,
  labels: ArrayLike<number>,
): number[][] {
  return points.cosines.map((row, i) => {
    const scale = logitScale(numberOps, loss, points.norms[i]!);
    const target = loss.target(numberOps, targetPoint(points, i, labels[i]!), samples[i]!);
    return row.map((cos, j) => {
      if (j === labels[i]) return scale * target.value;
      return scale * loss.negative(numberOps, cos, pivots[i]!, samples[i]!).value;
    });
  });
}

/** −log p of each sample: [B]. */
export function negativeLogLikelihood(
  logits: readonly (readonly number[])[],
  labels: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(logits, (row, i) => {
    const largest = Math.max(...row);
    const total = row.reduce((sum, z) => sum + Math.exp(z - largest), 0);
    return largest + Math.log(total) - row[labels[i]!]!;
  });
}

/** What the regulariser adds to the loss. */
export function meanRegulariser(
  { regulariser }: MarginLoss,
  norms: readonly number[],
  sampleWeights: Float64Array,
): number {
  if (regulariser === undefined) return 0;
  const total = norms.reduce(
    (sum, norm, i) => sum + regulariser(numberOps, norm).value * sampleWeights[i]!,
    0,
  );
  return total / norms.length;
}

function densePoints(
  loss: MarginLoss,
  {
    embeddings,
    weights,
    bias,
    dim,
    labels,
  }: {
    readonly embeddings: ArrayLike<number>;
    readonly weights: ArrayLike<number>;
    readonly bias?: ArrayLike<number> | undefined;
    readonly dim: number;
    readonly labels: ArrayLike<number>;
  },
): DensePoints {
  const rows = (values: ArrayLike<number>): number[][] =>
    Array.from({ length: values.length / dim }, (_, r) => Array.from(values).slice(r * dim, (r + 1) * dim));
  const [x, w] = [rows(embeddings), rows(weights)];
  const inner = loss.geometry === 'inner';
  const cosines = x.map((a) =>
    w.map((b, j) => {
      const product = a.reduce((sum, value, k) => sum + value * b[k]!, 0);
      return inner ? product + (bias?.[j] ?? 0) : product / (Math.hypot(...a) * Math.hypot(...b));
    }),
  );
  const sines = x.map((a, i) => (inner ? 0 : sine(a, w[labels[i]!]!)));
  return { x, w, cosines, sines, norms: x.map((a) => Math.hypot(...a)) };
}

/** sin θ by Lagrange's identity: ‖x‖²‖w‖² − (x·w)² = Σ_{k<l} (x_k·w_l − x_l·w_k)². */
function sine(a: readonly number[], b: readonly number[]): number {
  let squares = 0;
  for (let k = 0; k < a.length; k++) {
    for (let l = 0; l < k; l++) squares += (a[k]! * b[l]! - a[l]! * b[k]!) ** 2;
  }
  return Math.sqrt(squares) / (Math.hypot(...a) * Math.hypot(...b));
}

function lift(values: Readonly<Record<string, number>>): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float64Array.of(value)]));
}

function pick(values: SampleValues<Float64Array>, i: number): SampleValues<number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, v]) => [name, v.length === 1 ? v[0]! : v[i]!]),
  );
}
