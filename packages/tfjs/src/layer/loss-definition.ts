import { createLoss, type LossParameters, type MarginLoss, OptionOutOfRangeError } from '@cf/core';

/** A loss by name and options, as `createLoss` of `@cf/core` takes them: plain data, saved with a model. */
export interface LossDefinition {
  /** Such as `curricularface`; for a weighting such as `focal` the loss beneath is `params.base`. */
  readonly loss: string;
  readonly params?: LossParameters;
}

/**
 * Makes the loss of a definition.
 *
 * @throws UnknownNameError, OptionOutOfRangeError also for numbers that a saved model can't hold
 */
export function lossOf({ loss, params = {} }: LossDefinition): MarginLoss {
  requireSavable('params', params);
  return createLoss(loss, params);
}

/** JSON has no infinities. */
function requireSavable(name: string, value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new OptionOutOfRangeError(
      name,
      value,
      'a finite number',
      'leave the option out: its default is the bound.',
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) requireSavable(`${name}.${key}`, part);
}
