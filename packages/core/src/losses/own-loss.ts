import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import { noMargin } from '../margin/no-margin.ts';
import { plainModulation } from '../modulation/modulation.ts';
import { composeLoss, type MarginLossParts } from './compose-loss.ts';
import type { MarginLoss } from './margin-loss.ts';
import { requireMeaning } from './require-meaning.ts';

const PARTS: OptionNames<MarginLossParts> = {
  name: true,
  bias: true,
  margin: true,
  modulation: true,
  initialValues: true,
  geometry: true,
  scale: true,
  objective: true,
  lossWeight: true,
  sampleValueNames: true,
  classValues: true,
  initialClassValues: true,
  stateRanges: true,
  draws: true,
  surveyScale: true,
  prepare: true,
  negativeSums: true,
  regulariser: true,
};

/**
 * A loss of one's own, from its margin, its modulation and its statistics.
 *
 * @throws UnknownNameError for a part that is none, with the nearest name; OptionOutOfRangeError where the parts have no meaning together ({@link requireMeaning} lists when).
 */
export function marginLoss(parts: MarginLossParts): MarginLoss {
  requireKnownOptions('marginLoss', parts, PARTS);
  const loss = composeLoss(parts);
  requireMeaning(loss, parts.margin ?? noMargin, parts.modulation ?? plainModulation);
  return loss;
}
