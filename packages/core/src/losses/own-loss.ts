import { noMargin } from '../margin/no-margin.ts';
import { plainModulation } from '../modulation/modulation.ts';
import { composeLoss, type MarginLossParts } from './compose-loss.ts';
import type { MarginLoss } from './margin-loss.ts';
import { requireMeaning } from './require-meaning.ts';

/**
 * A loss of one's own, from its margin, its modulation and its statistics.
 *
 * @throws OptionOutOfRangeError where the parts have no meaning together ({@link requireMeaning} lists when).
 */
export function marginLoss(parts: MarginLossParts): MarginLoss {
  const loss = composeLoss(parts);
  requireMeaning(loss, parts.margin ?? noMargin, parts.modulation ?? plainModulation);
  return loss;
}
