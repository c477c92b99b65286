import { requireChoice, requirePositive } from '../errors/check-options.ts';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import {
  ANGLE_FACTOR,
  ANGULAR_MARGIN,
  COSINE_MARGIN,
  type Domain,
  requirePublished,
  type UnsafeOption,
} from '../errors/published-domain.ts';
import { angleSum, constantAngle } from '../margin/add-angle.ts';
import { multipliedAngle, type Sloped } from '../margin/angle.ts';
import { clampCosineTo, clampPointTo } from '../margin/clamp-cosine.ts';
import { type GradientMode, inGradientMode, requireGradientMode } from '../margin/gradient-mode.ts';
import { never } from '../margin/never.ts';
import type { TargetPoint } from '../margin/target-margin.ts';
import { binaryObjective } from '../objective/binary-objective.ts';
import type { TensorOps } from '../ops/tensor-ops.ts';
import { numberOps } from '../readings/number.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';

export interface SphereFace2Options extends UnsafeOption {
  /** r of the paper, s > 0. Default 40. */
  readonly scale?: number;
  /** How the margin enters, see {@link sphereFace2}. Default `C`. */
  readonly marginType?: 'C' | 'A' | 'M';
  /**
   * C: a cosine, 0 ≤ m ≤ 2, default 0.4, unsafe any finite m. A: radians, 0 ≤ m < π, default 0.5. M: a factor, 1 ≤ m ≤ 8,
   * default 1.7, unsafe 0 < m ≤ 8.
   */
  readonly margin?: number;
  /** λ, weight of the positive pairs, 0 < λ < 1; negative ones have 1 − λ. Default 0.7. */
  readonly lambda?: number;
  /** t > 0 of g(c) = 2·((c + 1)/2)^t − 1, which spreads the cosines. Default 3. */
  readonly t?: number;
  /** w > 0, which the release puts before the paper's loss. Default 50; 1 is the paper's. */
  readonly lossWeight?: number;
  /** A, M: the angle with its margin is clamped to this, in radians. Default [10⁻⁸, 3.14], as released. */
  readonly angleClamp?: readonly [number, number];
  /** `straight-through` (default, as released): every logit has the slope s; `exact`: that of its formula. */
  readonly gradient?: GradientMode;
}

const MARGINS = {
  C: { domain: COSINE_MARGIN, usual: 0.4 },
  A: { domain: { ...ANGULAR_MARGIN, defined: ANGULAR_MARGIN.published }, usual: 0.5 },
  M: { domain: ANGLE_FACTOR, usual: 1.7 },
} as const;

/**
 * SphereFace2 (Wen et al. 2022, eqs. 6 and 8): C logistic regressions, one a class, in the place of one softmax.
 *
 *     L = (w/s)·(λ·log(1 + e^{−z_y}) + (1 − λ)·Σ_{j≠y} log(1 + e^{z_j})),   g(c) = 2·((c + 1)/2)^t − 1
 *
 * - `C`: z_y = s·(g(cos θ_y) − m) + b, z_j = s·(g(cos θ_j) + m) + b
 * - `A`: z_y = s·g(cos(θ_y + m)) + b, z_j = s·g(cos θ_j) + b
 * - `M`: z_y = s·g(cos mθ_y) + b, z_j = s·g(cos θ_j) + b
 *
 * b is learned, one for all classes. It starts where, with every angle at π/2, the positive pairs of a sample are as wrong as
 * its negative ones together.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const sphereFace2: LossFactory<SphereFace2Options> = /* #__PURE__ */ lossFactory(
  'sphereface2',
  {
    scale: 'number',
    margin: 'number',
    marginType: 'string',
    lambda: 'number',
    t: 'number',
    lossWeight: 'number',
    angleClamp: 'table',
    gradient: 'string',
    unsafe: 'boolean',
  },
  (options) => {
    const { scale = 40, marginType = 'C', lambda = 0.7, t = 3, lossWeight = 50 } = options;
    const { gradient = 'straight-through', angleClamp = [1e-8, 3.14] } = options;
    requireChoice('marginType', marginType, ['C', 'A', 'M']);
    const { domain, usual } = MARGINS[marginType];
    const { margin = usual } = options;
    requirePositive('scale', scale);
    requirePublished('margin', margin, domain, options);
    const share: Domain = { published: { low: 0, high: 1, open: 'both' } };
    requirePublished('lambda', lambda, { ...share, defined: share.published });
    requirePositive('t', t);
    requirePositive('lossWeight', lossWeight);
    requireGradientMode(gradient);
    requireClamp(angleClamp);
    const parts: Parts = { type: marginType, margin, exponent: t, clamp: angleClamp };
    return composeLoss({
      name: 'sphereface2',
      scale,
      lossWeight: lossWeight / scale,
      objective: binaryObjective({ positiveWeight: lambda, negativeWeight: 1 - lambda, biasSign: 1 }),
      bias: { of: 'all classes', start: (classes) => startBias(parts, scale, lambda, classes) },
      margin: {
        name: `sphere2 ${marginType}`,
        onSphere: true,
        target: (ops, point) =>
          inGradientMode(ops, gradient, point, (at) => {
            const own = positive(ops, parts, at);
            return { ...own, dNorm: ops.constant(0), pivot: at.cos, pastPi: never(ops) };
          }),
      },
      modulation: {
        name: `sphere2 ${marginType}`,
        onSphere: true,
        negative: (ops, given) =>
          inGradientMode(ops, gradient, { cos: given }, ({ cos }) => negative(ops, parts, cos)),
      },
    });
  },
);

function requireClamp(clamp: readonly [number, number]): void {
  const [low, high] = Array.isArray(clamp) ? (clamp as readonly [number, number]) : [-1, -1];
  if (low >= 0 && high > low && high <= Math.PI) return;
  throw new OptionOutOfRangeError('angleClamp', clamp, 'two angles [low, high], 0 ≤ low < high ≤ π');
}

/** A, M: cosines are clamped to ±(1 − this) before the angle, as released. */
const EPS = 1e-8;

interface Parts {
  readonly type: 'C' | 'A' | 'M';
  readonly margin: number;
  readonly exponent: number;
  /** Between which the angle with its margin stays, in radians. */
  readonly clamp: readonly [number, number];
}

/** g(c) = 2·((c + 1)/2)^t − 1 and its slope t·((c + 1)/2)^{t − 1}. */
function spread<T, M>(ops: TensorOps<T, M>, { exponent }: Parts, { value, dCos }: Sloped<T>): Sloped<T> {
  const one = ops.constant(1);
  const half = ops.mul(ops.constant(0.5), ops.add(value, one));
  const below = power(ops, half, exponent - 1);
  return {
    value: ops.sub(ops.mul(ops.constant(2), ops.mul(below, half)), one),
    dCos: ops.mul(ops.mul(ops.constant(exponent, 't'), below), dCos),
  };
}

/** base^e for base in [0, 1]: by products where e is a small integer. */
function power<T, M>(ops: TensorOps<T, M>, base: T, exponent: number): T {
  if (Number.isInteger(exponent) && exponent >= 0 && exponent <= 8) {
    let product = ops.constant(1);
    for (let n = 0; n < exponent; n++) product = n === 0 ? base : ops.mul(product, base);
    return product;
  }
  // At 0 a power below 0 has no bound, and is held at that of the smallest base that float32 tells from it.
  const safe = ops.max(base, ops.constant(LEAST_BASE));
  return ops.exp(ops.mul(ops.constant(exponent, 't - 1'), ops.log(safe)));
}

const LEAST_BASE = 1e-7;

function positive<T, M>(
  ops: TensorOps<T, M>,
  parts: Parts,
  point: Pick<TargetPoint<T>, 'cos' | 'sin'>,
): Sloped<T> {
  const m = ops.constant(parts.margin, 'm');
  if (parts.type === 'C') {
    const { value, dCos } = spread(ops, parts, { value: point.cos, dCos: ops.constant(1) });
    return { value: ops.sub(value, m), dCos };
  }
  const clamped = clampPointTo(ops, point, EPS);
  const { value, dCos } = parts.type === 'A' ? added(ops, parts, clamped) : multiplied(ops, parts, clamped);
  return spread(ops, parts, { value, dCos: ops.mul(dCos, clamped.dCos) });
}

/** cos(θ + m), θ + m clamped. */
function added<T, M>(
  ops: TensorOps<T, M>,
  { margin, clamp }: Parts,
  point: Pick<TargetPoint<T>, 'cos' | 'sin'>,
): Sloped<T> {
  const sum = angleSum(ops, point, constantAngle(ops, margin));
  return clampedAngle(ops, sum, point.cos, clamp, (angle) => angle - margin);
}

/** cos mθ, mθ clamped. */
function multiplied<T, M>(
  ops: TensorOps<T, M>,
  { margin, clamp }: Parts,
  point: Pick<TargetPoint<T>, 'cos' | 'sin'>,
): Sloped<T> {
  const turned = multipliedAngle(ops, point, ops.constant(margin, 'm'));
  return clampedAngle(ops, turned, point.cos, clamp, (end) => end / margin);
}

/** Flat where the angle with its margin is clamped, which begins at two angles `without` it. */
function clampedAngle<T, M>(
  ops: TensorOps<T, M>,
  sloped: Sloped<T>,
  cos: T,
  [low, high]: readonly [number, number],
  without: (angle: number) => number,
): Sloped<T> {
  const flat = (outside: M, angle: number, { value, dCos }: Sloped<T>): Sloped<T> => ({
    value: ops.select(outside, ops.constant(Math.cos(angle)), value),
    dCos: ops.select(outside, ops.constant(0), dCos),
  });
  const [first, last] = [cosineAt(without(low)), cosineAt(without(high))];
  let clamped = sloped;
  if (last > -1) clamped = flat(ops.greater(ops.constant(last, '\\cos\\theta_{last}'), cos), high, clamped);
  // An angle whose cosine rounds to 1 cuts nothing off.
  if (first < 1) clamped = flat(ops.greater(cos, ops.constant(first, '\\cos\\theta_{first}')), low, clamped);
  return clamped;
}

/** cos θ, and beyond it where no angle is θ. */
function cosineAt(theta: number): number {
  if (theta <= 0) return 2;
  return theta < Math.PI ? Math.cos(theta) : -2;
}

function negative<T, M>(ops: TensorOps<T, M>, parts: Parts, cos: T): Sloped<T> {
  if (parts.type === 'C') {
    const { value, dCos } = spread(ops, parts, { value: cos, dCos: ops.constant(1) });
    return { value: ops.add(value, ops.constant(parts.margin, 'm')), dCos };
  }
  const clamped = clampCosineTo(ops, cos, EPS);
  return spread(
    ops,
    parts,
    clampedAngle(ops, clamped, clamped.value, parts.clamp, (end) => end),
  );
}

/** The start of b (Wen et al. 2022, appendix): λ·σ(−z_y) = (1 − λ)·(C − 1)·σ(z_j) at right angles, in closed form. */
function startBias(parts: Parts, scale: number, lambda: number, classes: number): number {
  const right = { cos: 0, sin: 1 };
  const own = scale * positive(numberOps, parts, right).value;
  const other = scale * negative(numberOps, parts, 0).value;
  const share = lambda / ((1 - lambda) * Math.max(classes - 1, 1));
  if (share === 1) return -(own + other) / 2;
  const root = Math.hypot(1 - share, 2 * Math.sqrt(share) * Math.exp((own - other) / 2));
  // Of two forms the one that does not cancel.
  if (share > 1) return Math.log((root + share - 1) / 2) - own;
  return Math.log(2 * share) - other - Math.log(1 - share + root);
}
