import { composeLoss } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';

export interface SoftmaxOptions {
  /** A bias a class. Default true. */
  readonly bias?: boolean;
}

/** Plain softmax cross-entropy on x·w + b: no normalisation, no scale. */
export const softmax: LossFactory<SoftmaxOptions> = /* #__PURE__ */ lossFactory(
  'softmax',
  { bias: 'boolean' },
  (options) => {
    return composeLoss({ name: 'softmax', geometry: 'inner', bias: options.bias ?? true });
  },
);
