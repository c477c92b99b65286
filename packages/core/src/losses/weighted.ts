import { OptionOutOfRangeError } from '../errors/errors.ts';
import { type FocalOptions, focalWeighting } from '../weighting/focal.ts';
import { type OhemOptions, ohemWeighting } from '../weighting/ohem.ts';
import type { SampleWeighting } from '../weighting/sample-weighting.ts';
import { type SelfPacedOptions, selfPacedWeighting } from '../weighting/self-paced.ts';
import { uniformWeighting } from '../weighting/uniform.ts';
import type { MarginLoss } from './margin-loss.ts';

/** The same loss with G: `focal(curricularFace())` is one expression. @see focalWeighting */
export function focal(loss: MarginLoss, options: FocalOptions = {}): MarginLoss {
  return withWeighting(loss, focalWeighting(options));
}

/** The same loss over its hardest samples only. @see ohemWeighting */
export function ohem(loss: MarginLoss, options: OhemOptions = {}): MarginLoss {
  return withWeighting(loss, ohemWeighting(options));
}

/** The same loss with its easy samples first. @see selfPacedWeighting */
export function selfPaced(loss: MarginLoss, options: SelfPacedOptions = {}): MarginLoss {
  return withWeighting(loss, selfPacedWeighting(options));
}

/**
 * Puts a weighting of samples onto a loss; their states are carried together.
 *
 * @throws OptionOutOfRangeError where the loss has one already (which of two comes first would not be defined), or both
 * carry a value of the same name.
 */
export function withWeighting(loss: MarginLoss, weighting: SampleWeighting): MarginLoss {
  if (loss.weighting !== uniformWeighting) {
    throw new OptionOutOfRangeError(
      'weighting',
      weighting.name,
      `a loss without a weighting, not ${loss.name}`,
      'put one weighting on one loss.',
    );
  }
  for (const name of Object.keys(weighting.initialValues)) {
    if (!Object.hasOwn(loss.initialValues, name)) continue;
    const fix = 'give one of the two another name.';
    throw new OptionOutOfRangeError('initialValues', name, `a name that ${loss.name} does not carry`, fix);
  }
  return {
    ...loss,
    name: `${weighting.name}(${loss.name})`,
    weighting,
    initialValues: { ...loss.initialValues, ...weighting.initialValues },
    stateRanges: { ...loss.stateRanges, ...weighting.stateRanges },
  };
}
