import { COSINE_BOUND } from '../../../numerics.ts';
import type { TensorOps } from '../../../ops/tensor-ops.ts';

/** Sums over the coordinates of x̂ and ŵ_y, each [B]; a vector without direction is all zeros. */
export interface UnitSums<T, M> {
  /** Σ x̂·ŵ. */
  readonly product: T;
  /** ‖x̂ − ŵ‖². */
  readonly differences: T;
  /** ‖x̂ + ŵ‖². */
  readonly sums: T;
  /** Whether both have a direction. */
  readonly alive: M;
}

/** The angle of a sample with its own class; each [B]. */
export interface TargetAngle<T, M> {
  readonly cos: T;
  readonly sin: T;
  /** Whether it is at most π/2. */
  readonly near: M;
  /** 1 − |cos θ|. */
  readonly rest: T;
}

/**
 * Cosine and sine of the angle between unit vectors, with all digits near 0 and π, where 1 − cos² has none:
 * sin θ = ½‖x̂ − ŵ‖‖x̂ + ŵ‖, and 1 − cos θ = ½‖x̂ − ŵ‖². Without a direction the cosine is 0 and the sine 1.
 */
export function targetAngle<T, M>(
  ops: TensorOps<T, M>,
  { product, differences, sums, alive }: UnitSums<T, M>,
): TargetAngle<T, M> {
  const [half, one, bound] = [ops.constant(0.5), ops.constant(1), ops.constant(COSINE_BOUND)];
  const near = ops.not(ops.greater(ops.constant(0), product));
  const sine = ops.min(one, ops.mul(half, ops.sqrt(ops.mul(differences, sums))));
  return {
    cos: ops.max(ops.neg(bound), ops.min(bound, product)),
    sin: ops.select(alive, sine, one),
    near,
    rest: ops.mul(half, ops.select(near, differences, sums)),
  };
}

/**
 * One coordinate of b̂ − cos θ·â, the direction in which the cosine grows, without cancellation: as
 * (1 − cos θ)·â − (â − b̂), or with â + b̂ where the cosine is negative. Means nothing where a vector has no direction.
 */
export function targetTangent<T, M>(
  ops: TensorOps<T, M>,
  { near, rest }: Pick<TargetAngle<T, M>, 'near' | 'rest'>,
  a: T,
  b: T,
): T {
  const along = ops.mul(rest, a);
  return ops.select(near, ops.sub(along, ops.sub(a, b)), ops.sub(ops.add(a, b), along));
}
