import type { UnsafeOption } from '../errors/published-domain.ts';
import { additiveCosineMarginOf } from '../margin/additive-cosine-margin.ts';
import { angularMarginOf } from '../margin/angular-margin.ts';
import { ANGULAR_OPTIONS } from '../margin/check-angular-options.ts';
import { misclassifiedVectorModulation } from '../modulation/modulation.ts';
import type { ArcFaceOptions } from './arc-face.ts';
import { composeLoss } from './compose-loss.ts';
import type { CosFaceOptions } from './cos-face.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';

/** The fixed weight that MV-Softmax gives hard negatives. */
export interface HardWeightOptions extends UnsafeOption {
  /** t ≥ 1; 1 is the margin alone, the paper uses 1.1 to 1.3. Unsafe any finite t. Default 1.2. */
  readonly t?: number;
}

export interface MvAmSoftmaxOptions extends CosFaceOptions, HardWeightOptions {}
export interface MvArcSoftmaxOptions extends ArcFaceOptions, HardWeightOptions {}

/**
 * MV-AM-Softmax (Wang et al. 2020, eqs. 5–6): CosFace's target, hard negatives t·c + t − 1. As released, the margin
 * is an easy one unless told otherwise.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const mvAmSoftmax: LossFactory<MvAmSoftmaxOptions> = /* #__PURE__ */ lossFactory(
  'mv-am-softmax',
  { scale: 'number', margin: 'number', t: 'number', easyMargin: 'boolean', unsafe: 'boolean' },
  (options) => {
    const { margin = 0.35, scale = 32, easyMargin = true, t = 1.2 } = options;
    return composeLoss({
      name: 'mv-am-softmax',
      scale,
      margin: additiveCosineMarginOf(margin, { ...options, easyMargin }),
      modulation: misclassifiedVectorModulation(t, options),
    });
  },
);

/**
 * MV-Arc-Softmax (Wang et al. 2020, eqs. 5–6): ArcFace's target, hard negatives t·c + t − 1. As released, the margin
 * is an easy one unless told otherwise.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const mvArcSoftmax: LossFactory<MvArcSoftmaxOptions> = /* #__PURE__ */ lossFactory(
  'mv-arc-softmax',
  { scale: 'number', margin: 'number', ...ANGULAR_OPTIONS, t: 'number' },
  (options) => {
    const { margin = 0.35, scale = 32, easyMargin = true, t = 1.2 } = options;
    return composeLoss({
      name: 'mv-arc-softmax',
      scale,
      margin: angularMarginOf(margin, { ...options, easyMargin }),
      modulation: misclassifiedVectorModulation(t, options),
    });
  },
);
