import { type OptionTypes, requireOptions } from '../errors/option-types.ts';
import type { MarginLoss } from './margin-loss.ts';

/** Options as they come from a file or a command line. */
export type LossParameters = Readonly<Record<string, unknown>>;

/** What a loss may need to know of the data that it is for. */
export interface LossData {
  /** Pictures of each class, in the order of the labels: [C]. */
  readonly classCounts?: ArrayLike<number>;
}

/** A loss by name and options, as `createLoss` makes it: plain data, to be saved with a model. */
export interface LossDefinition extends LossData {
  /** Such as `curricularface`; for a weighting such as `focal` the loss beneath is `params.base`. */
  readonly loss: string;
  readonly params?: LossParameters;
}

/** Makes a loss from its options; a name or a type that is none of its options is an error. */
export interface LossFactory<
  Options extends object,
  Given extends readonly unknown[] = readonly [options?: Options],
> {
  (...given: Given): MarginLoss;
  /** Under which `createLoss` knows it. */
  readonly lossName: string;
  readonly optionTypes: OptionTypes<Options>;
}

/**
 * A factory that checks names and types of its options, and lets its losses know how they are made again.
 *
 * @param create checks the ranges
 */
export function lossFactory<
  Options extends object,
  Given extends readonly unknown[] = readonly [options?: Options],
>(
  lossName: string,
  optionTypes: OptionTypes<NoInfer<Options>>,
  create: (options: Options) => MarginLoss,
): LossFactory<Options, Given> {
  const make = (options: unknown = {}): MarginLoss => {
    requireOptions(lossName, options, optionTypes);
    return { ...create(options as Options), definition: { loss: lossName, params: { ...options } } };
  };
  return Object.assign(make as unknown as (...given: Given) => MarginLoss, { lossName, optionTypes });
}
