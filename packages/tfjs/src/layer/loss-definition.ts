import {
  createLoss,
  type LossData,
  type LossParameters,
  type MarginLoss,
  OptionOutOfRangeError,
} from '@cf/core';

/** A loss by name and options, as `createLoss` of `@cf/core` takes them: plain data, saved with a model. */
export interface LossDefinition extends LossData {
  /** Such as `curricularface`; for a weighting such as `focal` the loss beneath is `params.base`. */
  readonly loss: string;
  readonly params?: LossParameters;
}

/**
 * Makes the loss of a definition.
 *
 * @throws UnknownNameError, OptionOutOfRangeError
 */
export function lossOf({ loss, params, classCounts }: LossDefinition): MarginLoss {
  return createLoss(loss, params, classCounts === undefined ? {} : { classCounts });
}

/**
 * A copy as JSON holds it: tables as plain arrays.
 *
 * @throws OptionOutOfRangeError for an infinity or NaN, which JSON does not have
 */
export function plainData<Data>(name: string, value: Data): Data {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new OptionOutOfRangeError(
      name,
      value,
      'a finite number',
      'leave the option out: its default is the bound.',
    );
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const entries = Array.from(value as unknown as ArrayLike<unknown>);
    return entries.map((entry, i) => plainData(`${name}[${i}]`, entry)) as Data;
  }
  const fields = Object.entries(value).map(([key, field]) => [key, plainData(`${name}.${key}`, field)]);
  return Object.fromEntries(fields) as Data;
}
