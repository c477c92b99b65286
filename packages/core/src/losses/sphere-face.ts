import {
  type Domain,
  NON_NEGATIVE,
  requirePublished,
  type UnsafeOption,
} from '../errors/published-domain.ts';
import { sphereMargin } from '../margin/sphere-margin.ts';
import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';

export interface SphereFaceOptions extends UnsafeOption {
  /** m, an integer from 1 to 8. Default 4. */
  readonly margin?: number;
  /** λ ≥ 0, held fixed; unsafe any finite λ > −1. Where absent λ falls with the step: max(5, 1500/(1 + 0.1·step)). */
  readonly lambda?: number;
}

const ANNEALING: Domain = {
  published: NON_NEGATIVE,
  defined: { low: -1, high: Number.POSITIVE_INFINITY, open: 'low' },
};

const LAMBDA_START = 1500;
const LAMBDA_END = 5;
const LAMBDA_DECAY = 0.1;

/**
 * SphereFace, A-Softmax (Liu et al. 2017, eq. 7), as released: logits ‖x‖·cos θ_j, the target's
 * ‖x‖·(λ·cos θ + ψ(θ))/(1 + λ). The annealed λ counts the step it is used in: the first step has step = 1.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const sphereFace: LossFactory<SphereFaceOptions> = /* #__PURE__ */ lossFactory(
  'sphereface',
  { margin: 'number', lambda: 'number', unsafe: 'boolean' },
  (options) => {
    const { margin = 4, lambda } = options;
    const base = {
      name: 'sphereface',
      geometry: 'norm-scaled',
      margin: sphereMargin(margin),
      sampleValueNames: ['lambda'],
    } as const;
    if (lambda !== undefined) {
      requirePublished('lambda', lambda, ANNEALING, options);
      return composeLoss({
        ...base,
        prepare: (ops) => ({ sampleValues: { lambda: ops.constant(lambda, '\\lambda') }, next: {} }),
      });
    }
    return composeLoss({
      ...base,
      prepare: (ops, _batch, state, mode) => {
        const one = ops.constant(1);
        const step = mode === 'train' ? ops.add(state.step!, one) : state.step!;
        const falling = ops.div(
          ops.constant(LAMBDA_START),
          ops.add(one, ops.mul(ops.constant(LAMBDA_DECAY), step)),
        );
        return { sampleValues: { lambda: ops.max(ops.constant(LAMBDA_END), falling) }, next: {} };
      },
    });
  },
);
