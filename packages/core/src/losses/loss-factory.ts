import { type OptionTypes, requireOptions } from '../errors/option-types.ts';
import type { MarginLoss } from './margin-loss.ts';

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
  // An error that is given a factory in the place of a loss says which one.
  Object.defineProperty(make, 'name', { value: lossName });
  return Object.assign(make as unknown as (...given: Given) => MarginLoss, { lossName, optionTypes });
}
