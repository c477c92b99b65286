import {
  type LossData,
  type LossDefinition,
  type LossParameters,
  lossOf,
  type MarginLoss,
  OptionOutOfRangeError,
} from '@cf/core';

/** The loss of a head: itself, or its name with its options beside it, or both together as one definition. */
export interface GivenLoss extends LossData {
  /** Such as `curricularFace()`, or `curricularface`; for a weighting such as `focal` the loss beneath is `params.base`. */
  readonly loss: MarginLoss | LossDefinition | string;
  /** Options of a loss that is given by its name. */
  readonly params?: LossParameters;
}

/**
 * Makes the loss.
 *
 * @throws UnknownNameError, OptionOutOfRangeError
 */
export function lossGiven({ loss, params, classCounts }: GivenLoss): MarginLoss {
  if (typeof loss === 'string')
    return lossOf({ loss, ...(params && { params }), ...(classCounts && { classCounts }) });
  for (const [name, value] of Object.entries({ params, classCounts })) {
    if (value === undefined) continue;
    const fix = 'give them to the loss, or give the loss by its name.';
    throw new OptionOutOfRangeError(name, value, `no ${name} beside a loss that has its own`, fix);
  }
  return lossOf(loss);
}

/**
 * How a loss is saved: as plain data, from which it is made again.
 *
 * @throws OptionOutOfRangeError for a loss that no name is known of, and for an option that JSON does not have
 */
export function savedLoss({ definition, name }: MarginLoss): LossDefinition {
  if (definition === undefined) {
    const fix = `call registerLoss('${name}', () => …) of @cf/core before, and give the loss by that name.`;
    throw new OptionOutOfRangeError('loss', name, 'a loss that has a name to be saved under', fix);
  }
  const fields = Object.entries(definition).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    fields.map(([field, value]) => [field, plainData(field, value)]),
  ) as unknown as LossDefinition;
}

/**
 * A copy as JSON holds it: tables as plain arrays.
 *
 * @throws OptionOutOfRangeError for an infinity or NaN, which JSON does not have
 */
function plainData<Data>(name: string, value: Data): Data {
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
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => [key, plainData(`${name}.${key}`, field)]);
  return Object.fromEntries(fields) as Data;
}
