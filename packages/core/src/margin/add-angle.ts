import { SIN_FLOOR } from '../numerics.ts';
import { named, type TensorOps } from '../ops/tensor-ops.ts';
import { inGradientMode } from './gradient-mode.ts';
import type { AngularMarginOptions, TargetPoint, TargetValue } from './target-margin.ts';

/** An angle m that is added to θ, in the parts that angle addition needs (no acos anywhere). */
export interface AngleParts<T> {
  readonly cos: T;
  readonly sin: T;
  /** m·sin m. */
  readonly linear: T;
  /** cos(π − m): θ + m is past π where cos θ is not above it. */
  readonly bend: T;
}

/** The parts of a margin that is fixed beforehand, in radians, −π < m < π. */
export function constantAngle<T, M>(ops: TensorOps<T, M>, margin: number): AngleParts<T> {
  return {
    cos: ops.constant(Math.cos(margin), '\\cos m'),
    sin: ops.constant(Math.sin(margin), '\\sin m'),
    linear: ops.constant(margin * Math.sin(margin), 'm \\sin m'),
    // A negative margin never carries θ past π.
    bend: ops.constant(margin < 0 ? -2 : -Math.cos(margin), '\\cos\\left(\\pi - m\\right)'),
  };
}

/** The parts of a margin that differs from sample to sample, in radians. */
export function angleParts<T, M>(ops: TensorOps<T, M>, margin: T): AngleParts<T> {
  const cos = ops.cos(margin);
  const sin = ops.sin(margin);
  // A drawn margin may be negative, and then never carries θ past π.
  const bend = ops.select(ops.greater(margin, ops.constant(0)), ops.neg(cos), ops.constant(-2));
  return { cos, sin, linear: ops.mul(margin, sin), bend };
}

/**
 * cos(θ + m) = cos θ·cos m − sin θ·sin m, and its slope cos m + cos θ·sin m / sin θ by cos θ.
 */
export function angleSum<T, M>(
  ops: TensorOps<T, M>,
  { cos, sin }: Pick<TargetPoint<T>, 'cos' | 'sin'>,
  angle: Pick<AngleParts<T>, 'cos' | 'sin'>,
): Pick<TargetValue<T, M>, 'value' | 'dCos'> {
  return {
    value: ops.sub(ops.mul(cos, angle.cos), ops.mul(sin, angle.sin)),
    dCos: ops.add(angle.cos, ops.div(ops.mul(cos, angle.sin), ops.max(sin, ops.constant(SIN_FLOOR)))),
  };
}

/**
 * The target logit of an angular margin (ArcFace, Deng et al. 2019, eq. 3), with the branches past π.
 *
 *     T = cos(θ + m) = cos θ·cos m − sin θ·sin m,   ∂T/∂cos θ = cos m + cos θ·sin m / sin θ
 *
 * Past π (cos θ ≤ cos(π − m)) with `beyondPi: 'linear'`: T = cos θ − m·sin m. The pivot is the raw cos(θ + m) in
 * every branch.
 */
export function addAngle<T, M>(
  ops: TensorOps<T, M>,
  point: TargetPoint<T>,
  angle: AngleParts<T>,
  { beyondPi = 'linear', easyMargin = false, gradient = 'exact' }: AngularMarginOptions,
): TargetValue<T, M> {
  return inGradientMode(ops, gradient, point, ({ cos, sin }) => {
    const one = ops.constant(1);
    const raw = angleSum(ops, { cos, sin }, angle);
    const sum = named(ops, raw.value, '\\varphi');
    const pastPi = ops.not(ops.greater(cos, angle.bend));

    let value = sum;
    let { dCos } = raw;
    if (beyondPi === 'linear') {
      value = ops.select(pastPi, ops.sub(cos, angle.linear), value);
      dCos = ops.select(pastPi, one, dCos);
    }
    if (easyMargin) {
      const positive = ops.greater(cos, ops.constant(0));
      value = ops.select(positive, value, cos);
      dCos = ops.select(positive, dCos, one);
    }
    return { value, dCos, dNorm: ops.constant(0), pivot: sum, pastPi };
  });
}

/**
 * ∂T/∂m of {@link addAngle}: −sin(θ + m), past π −(sin m + m·cos m), and 0 where an easy margin is not applied.
 * For margins that depend on the embedding (MagFace).
 */
export function angleSlope<T, M>(
  ops: TensorOps<T, M>,
  { cos, sin }: TargetPoint<T>,
  angle: AngleParts<T>,
  margin: T,
  { beyondPi = 'linear', easyMargin = false }: AngularMarginOptions,
): T {
  let slope = ops.neg(ops.add(ops.mul(sin, angle.cos), ops.mul(cos, angle.sin)));
  if (beyondPi === 'linear') {
    const pastPi = ops.not(ops.greater(cos, angle.bend));
    slope = ops.select(pastPi, ops.neg(ops.add(angle.sin, ops.mul(margin, angle.cos))), slope);
  }
  if (easyMargin) slope = ops.select(ops.greater(cos, ops.constant(0)), slope, ops.constant(0));
  return slope;
}
