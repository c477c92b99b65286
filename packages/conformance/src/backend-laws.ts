import { type Backend, type OptionNames, requireKnownOptions } from '@cf/core';
import { cornersAgree } from './laws/corners.ts';
import { drawnLossesMatchOracle } from './laws/drawn-losses.ts';
import { emphasisedAreCounted } from './laws/emphasis.ts';
import { badInputIsNamed } from './laws/errors.ts';
import { finiteAtExtremes, oneClass, zeroVectors } from './laws/extremes.ts';
import { rowsAreTheGradient } from './laws/gradient-rows.ts';
import { gradientsMatchDerivatives, outputsMatchReference, slopesMatchDual } from './laws/gradients.ts';
import type { Law, LawOptions } from './laws/law.ts';
import { frozenLossNeverRises, knownCounterexample, targetNeverFalls } from './laws/monotony.ts';
import { weightsAreLinear, zeroWeightIsSilent } from './laws/sample-weights.ts';
import { sampleIsAHead } from './laws/sampled-classes.ts';
import { failedShardsEnd, shardsAreTheWhole } from './laws/shards.ts';
import { evaluationMovesNothing, tStaysInHull } from './laws/state.ts';
import { firstOfEqualSubCenters, nearestSubCenterCounts, tablesBelongToClasses } from './laws/sub-centers.ts';
import {
  batchPermutation,
  classPermutation,
  logitGradientsSumToZero,
  rotation,
  scaleInvariance,
  tangentGradients,
  tileInvariance,
} from './laws/symmetries.ts';
import { requireSpecimens, SPECIMENS } from './problems/specimens.ts';

/** Laws of the formulas alone; no backend takes part. */
export const FORMULA_LAWS: readonly Law[] = [slopesMatchDual, targetNeverFalls, frozenLossNeverRises];

/** Laws that every backend obeys. */
export const BACKEND_LAWS: readonly Law[] = [
  outputsMatchReference,
  emphasisedAreCounted,
  drawnLossesMatchOracle,
  classPermutation,
  batchPermutation,
  rotation,
  tileInvariance,
  scaleInvariance,
  tangentGradients,
  logitGradientsSumToZero,
  cornersAgree,
  knownCounterexample,
  tStaysInHull,
  evaluationMovesNothing,
  finiteAtExtremes,
  zeroVectors,
  oneClass,
  weightsAreLinear,
  zeroWeightIsSilent,
  badInputIsNamed,
  rowsAreTheGradient,
  sampleIsAHead,
  shardsAreTheWhole,
  failedShardsEnd,
  nearestSubCenterCounts,
  firstOfEqualSubCenters,
  tablesBelongToClasses,
];

/** Laws that only make sense in float64. */
export const FLOAT64_LAWS: readonly Law[] = [gradientsMatchDerivatives];

/** A law bound to a backend, in the shape of a test. */
export interface LawTest {
  readonly name: string;
  /** Milliseconds; a first run may compile kernels. */
  readonly timeout: number;
  /** Throws with the shrunk counterexample and the seed if the law is broken. */
  run(): Promise<void>;
}

const OPTIONS: OptionNames<LawOptions & { readonly precision: unknown }> = {
  runsPerLoss: true,
  seed: true,
  specimens: true,
  precision: true,
};

/**
 * The laws as tests of a backend, for any test runner:
 *
 *     for (const law of backendLaws(myBackend)) test(law.name, law.run, law.timeout);
 *
 * @param open makes the backend; it is called once, before the first law runs, and shared by all.
 * @param options `precision` 'float64' adds the laws that need it.
 * @throws UnknownNameError for an unknown option, OptionOutOfRangeError for specimens that are none
 */
export function backendLaws(
  open: () => Backend | Promise<Backend>,
  options: LawOptions & { readonly precision?: Backend['precision'] } = {},
): readonly LawTest[] {
  const { runsPerLoss = 8, seed, specimens = SPECIMENS, precision = 'float32' } = options;
  requireKnownOptions('backendLaws', options, OPTIONS);
  requireSpecimens(specimens);
  let backend: Promise<Backend> | undefined;
  const laws = [...FORMULA_LAWS, ...BACKEND_LAWS, ...(precision === 'float64' ? FLOAT64_LAWS : [])];
  return laws.map((law) => ({
    name: law.name,
    timeout: 300_000,
    async run() {
      backend ??= Promise.resolve(open());
      const parameters = { numRuns: runsPerLoss, ...(seed === undefined ? {} : { seed }) };
      await law.check({ backend: await backend, specimens, parameters });
    },
  }));
}
