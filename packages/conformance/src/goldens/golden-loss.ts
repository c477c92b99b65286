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

/** Losses whose release holds more of a formula fixed than the format has a word for: absent means as released. */
const AS_RELEASED = ['arc-neg', 'circle', 'sphereface-r', 'sphereface2', 'x2-softmax'];

/** What the format calls a loss, and the loss that it is with several class centers a class. */
const WITH_SUB_CENTERS: Readonly<Record<string, string>> = { 'sub-center-arcface': 'arcface' };

/**
 * The loss of a golden case. Every parameter counts; `subCenters` is one of the head.
 *
 * @throws GoldenFormatError for an unknown loss or parameter, or one out of range, naming the case
 */
export function goldenLoss({ id, loss, params }: Pick<GoldenCase, 'id' | 'loss' | 'params'>): MarginLoss {
  try {
    const { subCenters: _, ...own } = params;
    const name = WITH_SUB_CENTERS[loss] ?? loss;
    const known = lossOptions(name).filter((option) => option !== 'gradient' || !AS_RELEASED.includes(name));
    const defaults = Object.fromEntries(Object.entries(ABSENT).filter(([option]) => known.includes(option)));
    return createLoss(name, { ...defaults, ...own });
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    throw new GoldenFormatError(`${id}: ${error.given}`, error.expected, error, error.fix);
  }
}
