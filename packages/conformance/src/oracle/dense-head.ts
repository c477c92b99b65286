import {
  type BatchOps,
  batchOps,
  dualOps,
  fixed,
  type HeadInput,
  type HeadOutput,
  initialState,
  logitScale,
  type MarginLoss,
  marginDraws,
  numberOps,
  sampleAt,
  scalarsOf,
  type TensorOps,
  variable,
} from '@cf/core';

/** What a head gives, diagnostics aside. */
export type DenseOutput = Pick<
  HeadOutput,
  'loss' | 'losses' | 'regulariser' | 'gradEmbeddings' | 'gradWeights' | 'gradBias' | 'state'
>;

/** A batch by brute force: full matrices, the textbook softmax. */
export interface DenseHead {
  readonly values: Pick<DenseOutput, 'loss' | 'losses' | 'regulariser' | 'state'>;
  /** X, W and b, one after the other. */
  readonly variables: readonly number[];
  /**
   * The loss of other variables, whatever they are read as, with all frozen that carries no gradient: sample values,
   * pivots, G of weightings without gradient. Straight-through targets have the slope that they state.
   */
  lossOf<T>(ops: TensorOps<T, boolean>, variables: readonly T[]): T;
}

/** Computes a batch, and freezes the loss at it. */
export function denseHead(loss: MarginLoss, input: HeadInput): DenseHead {
  const { labels, mode = 'train', state: before = initialState(loss) } = input;
  const { weighting } = loss;
  const batch = labels.length;
  const state = scalarsOf(before.values);
  const variables = [...input.embeddings, ...input.weights, ...(input.bias ?? [])];
  const points = densePoints(numberOps, loss, input, variables);
  const keys = input.sampleKeys ?? Array.from({ length: batch }, (_, i) => i);
  const statistics = {
    cosTarget: Float64Array.from(points, ({ cos }) => cos),
    norm: Float64Array.from(points, ({ norm }) => norm),
    draws: marginDraws(loss, before, mode, keys, input.draws),
  };
  const prepared = loss.prepare(batchOps, statistics, state, mode);
  const frozen = points.map((point, i): FrozenSample => {
    const sample = sampleAt(prepared.sampleValues, i);
    return { ...point, sample, pivot: loss.target(numberOps, point, sample).pivot, label: labels[i]! };
  });
  const sampleWeights = Float64Array.from({ length: batch }, (_, i) => input.sampleWeights?.[i] ?? 1);
  const nll = Float64Array.from(points, (point, i) =>
    negativeLogLikelihood(numberOps, loss, point, frozen[i]!),
  );
  const reduced = weighting.reduce(batchOps, { nll, sampleWeights }, state, mode);
  const regulariser = points.reduce(
    (sum, { norm }, i) =>
      sum + (sampleWeights[i]! * (loss.regulariser?.(numberOps, norm).value ?? 0)) / batch,
    0,
  );
  const step = before.values.step! + (mode === 'train' ? 1 : 0);
  return {
    values: {
      loss: reduced.loss[0]! + regulariser,
      losses: reduced.losses,
      regulariser,
      state: { loss: loss.name, values: { step, ...sampleAt({ ...prepared.next, ...reduced.next }, 0) } },
    },
    variables,
    lossOf<T>(ops: TensorOps<T, boolean>, of: readonly T[]): T {
      // A differentiated G is one of its own sample alone: a batch of one, but for the mean.
      const alone: BatchOps<T, boolean> = {
        ...ops,
        sum: (value) => value,
        count: () => ops.constant(batch),
        argsort: () => ops.constant(0),
        gather: (value) => value,
      };
      const shares = densePoints(ops, loss, input, of).map((point, i) => {
        const own = negativeLogLikelihood(ops, loss, point, frozen[i]!);
        const weight = ops.constant(sampleWeights[i]!);
        const share =
          weighting.gradient === 'frozen'
            ? ops.mul(ops.constant(reduced.dNll[i]!), own)
            : weighting.reduce(alone, { nll: own, sampleWeights: weight }, read(ops, before.values), mode)
                .loss;
        if (loss.regulariser === undefined) return share;
        const { value } = loss.regulariser(ops, point.norm);
        return ops.add(share, ops.div(ops.mul(weight, value), ops.constant(batch)));
      });
      return sum(ops, shares);
    },
  };
}

/**
 * A step by brute force in float64. Gradients are what dual numbers carry along from each of X, W and b to the loss: no
 * slope that a formula states takes part (but for straight-through ones, which are a statement).
 */
export function denseStep(loss: MarginLoss, input: HeadInput): DenseOutput {
  const { values, variables, lossOf } = denseHead(loss, input);
  const duals = variables.map(fixed);
  const gradient = Float64Array.from(
    variables,
    (value, k) => lossOf(dualOps, duals.with(k, variable(value))).slope,
  );
  const ofX = input.embeddings.length;
  const ofW = ofX + input.weights.length;
  return {
    ...values,
    gradEmbeddings: gradient.subarray(0, ofX),
    gradWeights: gradient.subarray(ofX, ofW),
    gradBias: loss.bias ? gradient.subarray(ofW) : undefined,
  };
}

/** Where a sample stands to the classes. */
interface DensePoint<T> {
  /** cos θ_j, or x·w_j + b_j with inner products: [C]. */
  readonly cosines: readonly T[];
  /** That of its own class, and sin θ_y (0 with inner products). */
  readonly cos: T;
  readonly sin: T;
  readonly norm: T;
}

/** What of a sample carries no gradient. */
interface FrozenSample {
  readonly label: number;
  readonly cos: number;
  readonly sin: number;
  readonly sample: Readonly<Record<string, number>>;
  readonly pivot: number;
}

function densePoints<T>(
  ops: TensorOps<T, boolean>,
  { geometry, bias }: MarginLoss,
  { labels, dim, embeddings, weights }: HeadInput,
  variables: readonly T[],
): readonly DensePoint<T>[] {
  const rows = (from: number, count: number, width: number): T[][] =>
    Array.from({ length: count / width }, (_, r) =>
      variables.slice(from + r * width, from + (r + 1) * width),
    );
  const x = rows(0, embeddings.length, dim);
  const w = rows(embeddings.length, weights.length, dim);
  const b = variables.slice(embeddings.length + weights.length);
  const dot = (a: readonly T[], c: readonly T[]): T =>
    sum(
      ops,
      a.map((value, k) => ops.mul(value, c[k]!)),
    );
  const lengthOf = (a: readonly T[]): T => ops.sqrt(dot(a, a));
  const lengths = w.map(lengthOf);
  return x.map((a, i) => {
    const norm = lengthOf(a);
    const label = labels[i]!;
    const inner = w.map((c, j) => (bias ? ops.add(dot(a, c), b[j]!) : dot(a, c)));
    if (geometry === 'inner') return { cosines: inner, cos: inner[label]!, sin: ops.constant(0), norm };
    const cosines = inner.map((product, j) => ops.div(product, ops.mul(norm, lengths[j]!)));
    const sin = ops.div(area(ops, a, w[label]!), ops.mul(norm, lengths[label]!));
    return { cosines, cos: cosines[label]!, sin, norm };
  });
}

/** ‖x‖‖w‖ sin θ by Lagrange's identity: ‖x‖²‖w‖² − (x·w)² = Σ_{k<l} (x_k·w_l − x_l·w_k)². */
function area<T>(ops: TensorOps<T, boolean>, x: readonly T[], w: readonly T[]): T {
  const minors = x.flatMap((a, k) =>
    x.slice(0, k).map((b, l) => ops.sub(ops.mul(a, w[l]!), ops.mul(b, w[k]!))),
  );
  return ops.sqrt(
    sum(
      ops,
      minors.map((minor) => ops.mul(minor, minor)),
    ),
  );
}

/** −log p of a sample. */
function negativeLogLikelihood<T>(
  ops: TensorOps<T, boolean>,
  loss: MarginLoss,
  point: DensePoint<T>,
  { label, cos, sin, sample, pivot }: FrozenSample,
): T {
  const values = read(ops, sample);
  const scale = logitScale(ops, loss, point.norm);
  const held = ops.constant(cos);
  const target =
    loss.gradient === 'exact'
      ? loss.target(ops, point, values).value
      : ops.add(
          loss.target(ops, { cos: held, sin: ops.constant(sin), norm: point.norm }, values).value,
          ops.sub(point.cos, held),
        );
  const logits = point.cosines.map((cosine, j) =>
    ops.mul(scale, j === label ? target : loss.negative(ops, cosine, ops.constant(pivot), values).value),
  );
  const largest = logits.reduce((a, b) => ops.max(a, b));
  const total = sum(
    ops,
    logits.map((logit) => ops.exp(ops.sub(logit, largest))),
  );
  return ops.sub(ops.add(largest, ops.log(total)), logits[label]!);
}

function sum<T>(ops: TensorOps<T, boolean>, values: readonly T[]): T {
  return values.reduce((a, b) => ops.add(a, b));
}

function read<T>(
  ops: TensorOps<T, boolean>,
  numbers: Readonly<Record<string, number>>,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, ops.constant(value)]));
}
