import { OptionOutOfRangeError } from '../errors/errors.ts';
import { type FocalOptions, focalWeighting } from '../weighting/focal.ts';
import { type OhemOptions, ohemWeighting } from '../weighting/ohem.ts';
import type { SampleWeighting } from '../weighting/sample-weighting.ts';
import { type SelfPacedOptions, selfPacedWeighting } from '../weighting/self-paced.ts';
import { uniformWeighting } from '../weighting/uniform.ts';
import type { LossDefinition, LossParameters } from './loss-definition.ts';
import type { MarginLoss } from './margin-loss.ts';
import { requireLoss } from './require-loss.ts';

/** The same loss with G: `focal(curricularFace())` is one expression. @see focalWeighting */
export function focal(loss: MarginLoss, options: FocalOptions = {}): MarginLoss {
  return weighted('focal', loss, focalWeighting(options), options);
}

/** The same loss over its hardest samples only. @see ohemWeighting */
export function ohem(loss: MarginLoss, options: OhemOptions = {}): MarginLoss {
  return weighted('ohem', loss, ohemWeighting(options), options);
}

/** The same loss with its easy samples first. @see selfPacedWeighting */
export function selfPaced(loss: MarginLoss, options: SelfPacedOptions = {}): MarginLoss {
  return weighted('self-paced', loss, selfPacedWeighting(options), options);
}

function weighted(name: string, loss: MarginLoss, weighting: SampleWeighting, options: object): MarginLoss {
  return { ...withWeighting(loss, weighting), definition: definitionOn(loss.definition, name, options) };
}

function definitionOn(
  base: LossDefinition | undefined,
  loss: string,
  options: object,
): LossDefinition | undefined {
  if (base === undefined) return undefined;
  const { classCounts, ...ofBase } = base;
  const params: LossParameters = { ...options, base: ofBase };
  return classCounts === undefined ? { loss, params } : { loss, params, classCounts };
}

/**
 * Puts a weighting of samples onto a loss; their states are carried together.
 *
 * @throws OptionOutOfRangeError where the loss has one already (which of two comes first would not be defined), or both
 * carry a value of the same name.
 */
export function withWeighting(loss: MarginLoss, weighting: SampleWeighting): MarginLoss {
  requireLoss(loss);
  if (loss.weighting !== uniformWeighting) {
    throw new OptionOutOfRangeError(
      'weighting',
      weighting.name,
      `a loss without a weighting, not ${loss.name}`,
      'put one weighting on one loss.',
    );
  }
  for (const name of Object.keys(weighting.initialValues)) {
    if (!Object.hasOwn({ ...loss.initialValues, ...loss.initialClassValues }, name)) continue;
    const fix = 'give one of the two another name.';
    throw new OptionOutOfRangeError('initialValues', name, `a name that ${loss.name} does not carry`, fix);
  }
  return {
    ...loss,
    name: `${weighting.name}(${loss.name})`,
    definition: undefined,
    weighting,
    initialValues: { ...loss.initialValues, ...weighting.initialValues },
    stateRanges: { ...loss.stateRanges, ...weighting.stateRanges },
  };
}
