import type { MarginLoss, Objective, TargetPoint, TensorOps } from '@cf/core';

/** Where a sample stands to a class, and the bias of that. */
export interface Stand<T> extends TargetPoint<T> {
  readonly bias: T | undefined;
}

/** Beside a point, whose sine waits to be asked for. */
export function withBias<T>(point: TargetPoint<T>, bias: T | undefined): Stand<T> {
  return {
    cos: point.cos,
    norm: point.norm,
    get sin() {
      return point.sin;
    },
    bias,
  };
}

/** The nearest of a class's centers, of equal ones the first. */
export function nearest<T>(ops: TensorOps<T, boolean>, points: readonly TargetPoint<T>[]): TargetPoint<T> {
  return points.reduce((best, point) => (ops.greater(point.cos, best.cos) ? point : best));
}

/** ℓ of a sample from all its logits, as the textbooks have it. */
export function sampleLoss<T>(
  ops: TensorOps<T, boolean>,
  objective: Objective,
  logits: readonly T[],
  label: number,
): T {
  if (objective.kind === 'binary') {
    const negatives = logits.map((logit, j) =>
      j === label ? ops.constant(0) : objective.ofNegative(ops, logit).loss,
    );
    const none = ops.constant(0);
    const sums = { loss: sum(ops, negatives) };
    const sample = { targetLogit: logits[label]!, sums, negatives: { max: none, sum: none } };
    return objective.ofSample(ops, { ...sample, logitScale: none, classes: none }).nll;
  }
  const own = negativeLogLikelihood(ops, logits, label);
  if (objective.labelSmoothing === 0) return own;
  const all = sum(
    ops,
    logits.map((_, j) => negativeLogLikelihood(ops, logits, j)),
  );
  const share = objective.labelSmoothing;
  const uniform = ops.mul(ops.constant(share / logits.length), all);
  return ops.add(ops.mul(ops.constant(1 - share), own), uniform);
}

/** Where a sample stands to a class center; the cosine is x·w + b with inner products, and the sine 0. */
export function pointOf<T>(
  ops: TensorOps<T, boolean>,
  { geometry }: MarginLoss,
  from: readonly T[],
  to: readonly T[],
  bias: T,
): TargetPoint<T> {
  const norm = lengthOf(ops, from);
  const product = dot(ops, from, to);
  if (geometry === 'inner') return { cos: ops.add(product, bias), sin: ops.constant(0), norm };
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
export function area<T>(ops: TensorOps<T, boolean>, x: readonly T[], w: readonly T[]): T {
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

export function lengthOf<T>(ops: TensorOps<T, boolean>, a: readonly T[]): T {
  return ops.sqrt(dot(ops, a, a));
}

export function dot<T>(ops: TensorOps<T, boolean>, a: readonly T[], b: readonly T[]): T {
  return sum(
    ops,
    a.map((value, k) => ops.mul(value, b[k]!)),
  );
}

export function sum<T>(ops: TensorOps<T, boolean>, values: readonly T[]): T {
  return values.reduce((a, b) => ops.add(a, b));
}
