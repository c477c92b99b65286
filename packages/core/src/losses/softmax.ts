import { composeLoss } from './compose-loss.ts';
import type { MarginLoss } from './margin-loss.ts';

export interface SoftmaxOptions {
  /** A bias a class. Default true. */
  readonly bias?: boolean;
}

/** Plain softmax cross-entropy on x·w + b: no normalisation, no scale. */
export function softmax(options: SoftmaxOptions = {}): MarginLoss {
  return composeLoss({ name: 'softmax', geometry: 'inner', bias: options.bias ?? true });
}
