import { COSINE_MARGIN, requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import { type GradientMode, requireGradientMode } from '../margin/gradient-mode.ts';
import { never } from '../margin/never.ts';
import { detached, type TensorOps } from '../ops/tensor-ops.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';

export interface CircleLossOptions extends UnsafeOption {
  /** γ > 0. Default 256. */
  readonly scale?: number;
  /** m as a cosine, 0 ≤ m ≤ 2; unsafe any finite m. Default 0.25. */
  readonly margin?: number;
  /** `straight-through` (default, as released): the brackets are held; `exact`: they are differentiated. */
  readonly gradient?: GradientMode;
}

/**
 * Circle loss on classes (Sun et al. 2020, eqs. 4 and 8): each similarity is weighted by how far it is from its optimum.
 *
 *     T = [1 + m − cos θ_y]₊·(cos θ_y − 1 + m),   N = [cos θ_j + m]₊·(cos θ_j − m)
 *
 * The brackets carry no gradient as released, so that they are the slopes. A negative is emphasised where its weight
 * α = [cos θ_j + m]₊ is above 1, which it is without such weights: of a negative cosine a smaller one raises the logit, too.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const circleLoss: LossFactory<CircleLossOptions> = /* #__PURE__ */ lossFactory(
  'circle',
  { scale: 'number', margin: 'number', gradient: 'string', unsafe: 'boolean' },
  (options) => {
    const { scale = 256, margin = 0.25, gradient = 'straight-through' } = options;
    requirePublished('margin', margin, COSINE_MARGIN, options);
    requireGradientMode(gradient);
    return composeLoss({
      name: 'circle',
      scale,
      margin: {
        name: 'circle',
        onSphere: true,
        target: (ops, { cos }) => {
          const m = ops.constant(margin, 'm');
          const optimum = ops.add(ops.constant(1), m);
          const distance = ops.sub(optimum, cos);
          const own = weighted(ops, distance, ops.sub(cos, ops.sub(ops.constant(1), m)), -1, gradient);
          return { ...own, dNorm: ops.constant(0), pivot: cos, pastPi: never(ops) };
        },
      },
      modulation: {
        name: 'circle',
        onSphere: true,
        negative: (ops, cos) => {
          const m = ops.constant(margin, 'm');
          return weighted(ops, ops.add(cos, m), ops.sub(cos, m), 1, gradient);
        },
        emphasised: (ops, cos) => ops.greater(ops.add(cos, ops.constant(margin, 'm')), ops.constant(1)),
      },
    });
  },
);

/** [distance]₊·rise, whose slope is the bracket; differentiated, that of the distance by the cosine (±1) times the rise too. */
function weighted<T, M>(
  ops: TensorOps<T, M>,
  distance: T,
  rise: T,
  direction: 1 | -1,
  gradient: GradientMode,
): { readonly value: T; readonly dCos: T } {
  const zero = ops.constant(0);
  const bracket = ops.max(distance, zero);
  if (gradient !== 'exact') return { value: ops.mul(detached(ops, bracket), rise), dCos: bracket };
  const bend = direction > 0 ? rise : ops.neg(rise);
  const slope = ops.select(ops.greater(distance, zero), ops.add(bracket, bend), zero);
  return { value: ops.mul(bracket, rise), dCos: slope };
}
