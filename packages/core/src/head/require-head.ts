import { type OptionNames, requireKnownOptions } from '../errors/option-types.ts';
import type { MarginLoss } from '../losses/margin-loss.ts';
import { requireLoss } from '../losses/require-loss.ts';
import type { HeadOptions } from './contract.ts';

const HEAD_OPTIONS: OptionNames<HeadOptions> = {
  tileSize: true,
  subCenters: true,
  checkFinite: true,
  inspect: true,
  communicator: true,
  firstClass: true,
};

/**
 * Throws unless a head can be made of these: what `createHead` of every backend begins with.
 *
 * @throws OptionOutOfRangeError for what is no loss; UnknownNameError for an unknown option, with the nearest name
 */
export function requireHead(loss: unknown, options: unknown): asserts loss is MarginLoss {
  requireLoss(loss);
  requireKnownOptions('createHead', options, HEAD_OPTIONS);
}
