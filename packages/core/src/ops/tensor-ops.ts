/**
 * What a formula may do with the numbers it is given: element-wise arithmetic and nothing else.
 *
 * `T` carries numbers, `M` carries truth values. A formula written over this interface is *read* by a backend:
 * with `T = number` it computes, with `T = Dual` it differentiates itself, with `T = Latex` it prints itself,
 * with `T = Node` it becomes source, with a framework's tensors it runs there.
 *
 * Comparisons are strict, as the papers' masks are. Where an operation has a kink (`min`, `max`, `abs`,
 * `select`), the derivative is that of the side taken.
 */
export interface TensorOps<T, M> {
  /** A constant. `symbol` is how papers write it (TeX, such as `\\sin m`); only printing readings use it. */
  constant(value: number, symbol?: string): T;
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  neg(a: T): T;
  /** |a|. */
  abs(a: T): T;
  min(a: T, b: T): T;
  max(a: T, b: T): T;
  sqrt(a: T): T;
  exp(a: T): T;
  /** e^a − 1, without cancellation near 0. */
  expm1(a: T): T;
  /** Natural logarithm. */
  log(a: T): T;
  /** log(1 + a) for a > −1, without cancellation near 0. */
  log1p(a: T): T;
  /** Sine of an angle in radians. */
  sin(a: T): T;
  /** Cosine of an angle in radians. */
  cos(a: T): T;
  /** Arc tangent, in radians. */
  atan(a: T): T;
  /** a > b, strictly. */
  greater(a: T, b: T): M;
  and(a: M, b: M): M;
  or(a: M, b: M): M;
  not(a: M): M;
  select(condition: M, yes: T, no: T): T;
  /** Only printing readings have it: gives a value a symbol, under which it is written from then on. */
  named?(value: T, symbol: string): T;
  /** Only readings that differentiate have it: the value, as something that does not depend on the variable. */
  detach?(value: T): T;
}

/** The value itself, which a reading that differentiates takes for a constant: what a paper's release holds fixed. */
export function detached<T, M>(ops: TensorOps<T, M>, value: T): T {
  return ops.detach === undefined ? value : ops.detach(value);
}

/** The value itself, to which a reading that differentiates adds the slope of `along`. */
export function straightThrough<T, M>(ops: TensorOps<T, M>, value: T, along: T): T {
  return ops.detach === undefined ? value : ops.add(value, ops.sub(along, ops.detach(along)));
}

/** The value itself; printing readings define `symbol` as it, and write the symbol. */
export function named<T, M>(ops: TensorOps<T, M>, value: T, symbol: string): T {
  return ops.named === undefined ? value : ops.named(value, symbol);
}

/**
 * {@link TensorOps} over the samples of a batch, with the few reductions that a loss's statistics need.
 *
 * A `T` is either a scalar (a constant, a state value, a sum) or has one entry a sample; scalars broadcast.
 * Reductions are of values with one entry a sample.
 */
export interface BatchOps<T, M> extends TensorOps<T, M> {
  /** Sum over the batch: [B] → scalar. */
  sum(values: T): T;
  /** Number of samples: [B] → scalar. */
  count(values: T): T;
  /** Positions that sort `values` (stable: ties keep their order), as numbers: [B] → [B]. */
  argsort(values: T, direction: 'ascending' | 'descending'): T;
  /** out[i] = values[indices[i]]: [B], [B] → [B]. */
  gather(values: T, indices: T): T;
  /** Sum over the samples of the same class, the same bits for each of them: [B] or scalar, labels [B] → [B]. */
  sumOfClass(values: T, labels: T): T;
}
