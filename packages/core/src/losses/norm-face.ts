import type { MarginLoss } from './margin-loss.ts';
import { marginLoss } from './margin-loss-parts.ts';

/** Every cosine loss has a scale. */
export interface ScaleOptions {
  /** s > 0. Default 64. */
  readonly scale?: number;
}

/**
 * NormFace (Wang et al. 2017, eq. 3): softmax on s·cos θ, no margin.
 *
 * @throws OptionOutOfRangeError
 */
export function normFace(options: ScaleOptions = {}): MarginLoss {
  return marginLoss({ name: 'normface', scale: options.scale ?? 64 });
}
