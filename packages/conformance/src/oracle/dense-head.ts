import {
  type BatchOps,
  batchOps,
  type Dual,
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
  type TargetPoint,
  type TensorOps,
  variable,
} from '@cf/core';

/** What a head gives, diagnostics aside. */
export type DenseOutput = Pick<
  HeadOutput,
  'loss' | 'losses' | 'regulariser' | 'gradEmbeddings' | 'gradWeights' | 'gradBias' | 'state'
>;

/** X, W and b (zeros where there is none), whatever their numbers are read as. */
export interface DenseVariables<T> {
  readonly x: readonly (readonly T[])[];
  readonly w: readonly (readonly T[])[];
  readonly b: readonly T[];
}

/**
 * A batch by brute force: full matrices, the textbook softmax. All is frozen that carries no gradient (sample values,
 * pivots, G of weightings without gradient), and straight-through targets have the slope that they state.
 */
export interface DenseHead {
  readonly values: Pick<DenseOutput, 'loss' | 'losses' | 'regulariser' | 'state'>;
  readonly variables: DenseVariables<number>;
  /** z_ij, what goes into the softmax. */
  logit<T>(ops: TensorOps<T, boolean>, variables: DenseVariables<T>, i: number, j: number): T;
  /** What sample i adds to the loss, by its logits [C] and its embedding. */
  share<T>(ops: TensorOps<T, boolean>, i: number, logits: readonly T[], x: readonly T[]): T;
}

/** Computes a batch, and freezes the loss at it. */
export function denseHead(loss: MarginLoss, input: HeadInput): DenseHead {
  const { labels, dim, mode = 'train', state: before = initialState(loss) } = input;
  const { weighting } = loss;
  const batch = labels.length;
  const rows = (values: ArrayLike<number>): number[][] =>
    Array.from({ length: values.length / dim }, (_, r) => Array.from(values).slice(r * dim, (r + 1) * dim));
  const [x, w] = [rows(input.embeddings), rows(input.weights)];
  const variables = { x, w, b: w.map((_, j) => input.bias?.[j] ?? 0) };

  const state = scalarsOf(before.values);
  const points = x.map((_, i) => pointOf(numberOps, loss, variables, i, labels[i]!));
  const keys = input.sampleKeys ?? x.map((_, i) => i);
  const statistics = {
    cosTarget: Float64Array.from(points, ({ cos }) => cos),
    norm: Float64Array.from(points, ({ norm }) => norm),
    draws: marginDraws(loss, before, mode, keys, input.draws),
  };
  const prepared = loss.prepare(batchOps, statistics, state, mode);
  const samples = x.map((_, i) => sampleAt(prepared.sampleValues, i));
  const pivots = points.map((point, i) => loss.target(numberOps, point, samples[i]!).pivot);

  const logit: DenseHead['logit'] = (ops, of, i, j) => {
    const point = pointOf(ops, loss, of, i, j);
    const values = read(ops, samples[i]!);
    const scale = logitScale(ops, loss, point.norm);
    if (j !== labels[i])
      return ops.mul(scale, loss.negative(ops, point.cos, ops.constant(pivots[i]!), values).value);
    if (loss.gradient === 'exact') return ops.mul(scale, loss.target(ops, point, values).value);
    const held = { ...point, cos: ops.constant(points[i]!.cos), sin: ops.constant(points[i]!.sin) };
    const straight = ops.sub(point.cos, held.cos);
    return ops.mul(scale, ops.add(loss.target(ops, held, values).value, straight));
  };
  const logits = x.map((_, i) => w.map((_, j) => logit(numberOps, variables, i, j)));
  const nll = Float64Array.from(logits, (row, i) => negativeLogLikelihood(numberOps, row, labels[i]!));
  const sampleWeights = Float64Array.from({ length: batch }, (_, i) => input.sampleWeights?.[i] ?? 1);
  const reduced = weighting.reduce(batchOps, { nll, sampleWeights }, state, mode);
  const regularisers = points.map(({ norm }) => loss.regulariser?.(numberOps, norm).value ?? 0);
  const regulariser = sum(
    numberOps,
    regularisers.map((value, i) => (sampleWeights[i]! * value) / batch),
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
    logit,
    share(ops, i, row, embedding) {
      const own = negativeLogLikelihood(ops, row, labels[i]!);
      const weight = ops.constant(sampleWeights[i]!);
      const samples = { nll: own, sampleWeights: weight };
      const share =
        weighting.gradient === 'frozen'
          ? ops.mul(ops.constant(reduced.dNll[i]!), own)
          : weighting.reduce(alone(ops, batch), samples, read(ops, before.values), mode).loss;
      if (loss.regulariser === undefined) return share;
      const { value } = loss.regulariser(ops, lengthOf(ops, embedding));
      return ops.add(share, ops.div(ops.mul(weight, value), ops.constant(batch)));
    },
  };
}

/**
 * A step by brute force in float64. Gradients are what dual numbers carry along from each of X, W and b to the loss: no
 * slope that a formula states takes part (but for straight-through ones, which are a statement).
 */
export function denseStep(loss: MarginLoss, input: HeadInput): DenseOutput {
  const { values, variables, logit, share } = denseHead(loss, input);
  const [x, w] = [variables.x, variables.w].map((rows) => rows.map((row) => row.map(fixed)));
  const still: DenseVariables<Dual> = { x: x!, w: w!, b: variables.b.map(fixed) };
  const logits = still.x.map((_, i) => still.w.map((_, j) => logit(dualOps, still, i, j)));
  /** The slopes of each row, by one of its coordinates after the other. */
  const slopesOf = (
    rows: DenseVariables<Dual>['x'],
    slope: (r: number, row: readonly Dual[]) => number,
  ): Float64Array =>
    Float64Array.from(
      rows.flatMap((row, r) => row.map(({ value }, k) => slope(r, row.with(k, variable(value))))),
    );
  const byClass = (j: number, moved: DenseVariables<Dual>): number => {
    const shares = still.x.map((row, i) => {
      return share(dualOps, i, logits[i]!.with(j, logit(dualOps, moved, i, j)), row).slope;
    });
    return sum(numberOps, shares);
  };
  return {
    ...values,
    gradEmbeddings: slopesOf(still.x, (i, row) => {
      const moved = { ...still, x: still.x.with(i, row) };
      const own = still.w.map((_, j) => logit(dualOps, moved, i, j));
      return share(dualOps, i, own, row).slope;
    }),
    gradWeights: slopesOf(still.w, (j, row) => byClass(j, { ...still, w: still.w.with(j, row) })),
    gradBias: loss.bias
      ? Float64Array.from(still.b, ({ value }, j) =>
          byClass(j, { ...still, b: still.b.with(j, variable(value)) }),
        )
      : undefined,
  };
}

/** Where sample i stands to class j; the cosine is x·w + b with inner products, and the sine 0. */
function pointOf<T>(
  ops: TensorOps<T, boolean>,
  { geometry }: MarginLoss,
  { x, w, b }: DenseVariables<T>,
  i: number,
  j: number,
): TargetPoint<T> {
  const [from, to] = [x[i]!, w[j]!];
  const norm = lengthOf(ops, from);
  const product = dot(ops, from, to);
  if (geometry === 'inner') return { cos: ops.add(product, b[j]!), sin: ops.constant(0), norm };
  const lengths = ops.mul(norm, lengthOf(ops, to));
  return {
    cos: ops.div(product, lengths),
    norm,
    // Which only targets read.
    get sin() {
      return ops.div(area(ops, from, to), lengths);
    },
  };
}

/** ‖x‖‖w‖ sin θ by Lagrange's identity: ‖x‖²‖w‖² − (x·w)² = Σ_{k<l} (x_k·w_l − x_l·w_k)². */
function area<T>(ops: TensorOps<T, boolean>, x: readonly T[], w: readonly T[]): T {
  const minors = x.flatMap((a, k) =>
    x.slice(0, k).map((b, l) => ops.sub(ops.mul(a, w[l]!), ops.mul(b, w[k]!))),
  );
  return lengthOf(ops, minors);
}

/** −log p of the class `label`. */
function negativeLogLikelihood<T>(ops: TensorOps<T, boolean>, logits: readonly T[], label: number): T {
  const largest = logits.reduce((a, b) => ops.max(a, b));
  const total = sum(
    ops,
    logits.map((logit) => ops.exp(ops.sub(logit, largest))),
  );
  return ops.sub(ops.add(largest, ops.log(total)), logits[label]!);
}

/** A differentiated G is one of its own sample alone: it is read on a batch of one, but for the mean. */
function alone<T>(ops: TensorOps<T, boolean>, batch: number): BatchOps<T, boolean> {
  return {
    ...ops,
    sum: (value) => value,
    count: () => ops.constant(batch),
    argsort: () => ops.constant(0),
    gather: (value) => value,
  };
}

function lengthOf<T>(ops: TensorOps<T, boolean>, a: readonly T[]): T {
  return ops.sqrt(dot(ops, a, a));
}

function dot<T>(ops: TensorOps<T, boolean>, a: readonly T[], b: readonly T[]): T {
  return sum(
    ops,
    a.map((value, k) => ops.mul(value, b[k]!)),
  );
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
