import type { UnsafeOption } from '../errors/published-domain.ts';
import { additiveCosineMargin } from '../margin/additive-cosine-margin.ts';
import { composeLoss } from './compose-loss.ts';
import type { MarginLoss } from './margin-loss.ts';
import type { ScaleOptions } from './norm-face.ts';

export interface CosFaceOptions extends ScaleOptions, UnsafeOption {
  /** m as a cosine, 0 ≤ m ≤ 2; unsafe any finite m. Default 0.35. */
  readonly margin?: number;
  /** No margin where cos θ_y ≤ 0. Default false. */
  readonly easyMargin?: boolean;
}

/**
 * CosFace (Wang et al. 2018, eq. 4), also AM-Softmax: T = cos θ − m.
 *
 * @throws OptionOutOfRangeError
 */
export function cosFace(options: CosFaceOptions = {}): MarginLoss {
  const { margin = 0.35, scale = 64 } = options;
  return composeLoss({ name: 'cosface', scale, margin: additiveCosineMargin(margin, options) });
}
