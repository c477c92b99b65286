import type { MarginLoss } from './margin-loss.ts';
import { marginLoss } from './margin-loss-parts.ts';

export interface SoftmaxOptions {
  /** A bias a class. Default true. */
  readonly bias?: boolean;
}

/** Plain softmax cross-entropy on x·w + b: no normalisation, no scale. */
export function softmax(options: SoftmaxOptions = {}): MarginLoss {
  return marginLoss({ name: 'softmax', geometry: 'inner', bias: options.bias ?? true });
}
