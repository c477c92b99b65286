import { CfError, createLoss, lossOptions, type MarginLoss } from '@cf/core';
import { type GoldenCase, GoldenFormatError } from './golden-file.ts';

/** What the format means where a parameter is absent; a loss of its own may have another default, that of its release. */
const ABSENT: Readonly<Record<string, unknown>> = {
  beyondPi: 'linear',
  easyMargin: false,
  gradient: 'exact',
  bias: false,
  plus: false,
};

/**
 * The loss of a golden case. Every parameter counts.
 *
 * @throws GoldenFormatError for an unknown loss or parameter, or one out of range, naming the case
 */
export function goldenLoss({ id, loss, params }: Pick<GoldenCase, 'id' | 'loss' | 'params'>): MarginLoss {
  try {
    const known = lossOptions(loss);
    const defaults = Object.fromEntries(Object.entries(ABSENT).filter(([name]) => known.includes(name)));
    return createLoss(loss, { ...defaults, ...params });
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    throw new GoldenFormatError(`${id}: ${error.given}`, error.expected, error, error.fix);
  }
}
