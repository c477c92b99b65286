import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';

/** Every cosine loss has a scale. */
export interface ScaleOptions {
  /** s > 0. Default 64. */
  readonly scale?: number;
}

/**
 * NormFace (Wang et al. 2017, eq. 3): softmax on s·cos θ, no margin.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const normFace: LossFactory<ScaleOptions> = /* #__PURE__ */ lossFactory(
  'normface',
  { scale: 'number' },
  (options) => {
    return composeLoss({ name: 'normface', scale: options.scale ?? 64 });
  },
);
