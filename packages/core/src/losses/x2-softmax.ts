import { requireFinite } from '../errors/check-options.ts';
import { requirePublished, type UnsafeOption } from '../errors/published-domain.ts';
import { angle } from '../margin/angle.ts';
import { type GradientMode, inGradientMode, requireGradientMode } from '../margin/gradient-mode.ts';
import { never } from '../margin/never.ts';
import { SIN_FLOOR } from '../numerics.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface X2SoftmaxOptions extends ScaleOptions, UnsafeOption {
  /** a < 0: the parabola opens downwards; unsafe any finite a. Default −0.9. */
  readonly a?: number;
  /** h in radians, where the parabola is highest. Default 0. */
  readonly h?: number;
  /** k, its height there. Default 0.65. */
  readonly k?: number;
  /** `straight-through` (default, as released): slope 1; `exact`: that of the parabola. */
  readonly gradient?: GradientMode;
}

/**
 * X2-Softmax (Xu et al. 2023, eq. 6): T = a·(θ_y − h)² + k, a margin that grows with the angle.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const x2Softmax: LossFactory<X2SoftmaxOptions> = /* #__PURE__ */ lossFactory(
  'x2-softmax',
  { scale: 'number', a: 'number', h: 'number', k: 'number', gradient: 'string', unsafe: 'boolean' },
  (options) => {
    const { scale = 64, a = -0.9, h = 0, k = 0.65, gradient = 'straight-through' } = options;
    requirePublished(
      'a',
      a,
      { published: { low: Number.NEGATIVE_INFINITY, high: 0, open: 'high' } },
      options,
    );
    requireFinite('h', h);
    requireFinite('k', k);
    requireGradientMode(gradient);
    return composeLoss({
      name: 'x2-softmax',
      scale,
      margin: {
        name: 'parabola',
        onSphere: true,
        target: (ops, point) =>
          inGradientMode(ops, gradient, point, ({ cos, sin }) => {
            const [curve, top] = [ops.constant(a, 'a'), ops.constant(k, 'k')];
            const distance = ops.sub(angle(ops, cos, sin), ops.constant(h, 'h'));
            const value = ops.add(ops.mul(curve, ops.mul(distance, distance)), top);
            const twice = ops.mul(ops.mul(ops.constant(-2), curve), distance);
            return {
              value,
              dCos: ops.div(twice, ops.max(sin, ops.constant(SIN_FLOOR))),
              dNorm: ops.constant(0),
              pivot: value,
              pastPi: never(ops),
            };
          }),
      },
    });
  },
);
