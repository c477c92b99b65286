import {
  createRandom,
  dualOps,
  fixed,
  type HeadInput,
  type HeadOutput,
  type MarginLoss,
  numberOps,
  referenceStep,
  variable,
} from '@cf/core';
import fc from 'fast-check';
import { denseStep } from '../oracle/dense-head.ts';
import { kinkDistance } from '../oracle/kink-distance.ts';
import {
  between,
  type Law,
  lossLaw,
  problemLaw,
  requireClose,
  requireSameOutput,
  requireSameState,
  stepOnce,
} from './law.ts';
import { naturalGradientScales } from './tolerances.ts';

/** How far from a kink (mask, π, easy margin, clamps, ties) derivatives are compared. */
const OFF_KINKS = 1e-4;

/** Every analytic slope is the derivative that the formula itself carries along. */
export const slopesMatchDual: Law = lossLaw(
  'every analytic slope is the derivative of its formula (off the kinks: mask, π, easy margin, clamps), where straight-through that of the cosine',
  ({ loss }) =>
    fc.property(
      between(0.002, Math.PI - 0.002),
      between(0.5, 150),
      between(-0.999, 0.999),
      between(0.05, 1),
      (theta, norm, cos, parameter) => checkSlopes(loss, theta, norm, cos, parameter),
    ),
  { numRuns: 100 },
);

function checkSlopes(loss: MarginLoss, theta: number, norm: number, cos: number, parameter: number): void {
  const sums = Object.fromEntries((loss.negativeSums?.names ?? []).map((name) => [name, parameter]));
  const ofSums = Object.keys(loss.negativeSums?.sampleValues(numberOps, sums) ?? {});
  const names = [...loss.sampleValueNames, ...ofSums];
  const sample = Object.fromEntries(names.map((name) => [name, parameter]));
  const dualRow = Object.fromEntries(names.map((name) => [name, fixed(parameter)]));
  const point = { cos: Math.cos(theta), sin: Math.sin(theta), norm };
  const target = loss.target(numberOps, point, sample);
  const tolerance = (slope: number): number => 1e-9 * Math.max(1, Math.abs(slope));
  // The sine follows the cosine: ∂sin/∂cos = −cos/sin.
  const sin = { value: point.sin, slope: -point.cos / point.sin };
  const turned = loss.target(dualOps, { cos: variable(point.cos), sin, norm: fixed(norm) }, dualRow);
  requireClose('T', [target.value], [turned.value.value], tolerance(target.value));
  requireClose('∂T/∂cos', [target.dCos], [turned.value.slope], tolerance(target.dCos));
  const along = loss.target(
    dualOps,
    { cos: fixed(point.cos), sin: fixed(point.sin), norm: variable(norm) },
    dualRow,
  );
  requireClose('∂T/∂‖x‖', [target.dNorm], [along.value.slope], tolerance(target.dNorm));

  const negative = loss.negative(numberOps, cos, target.pivot, sample);
  const dualOther = loss.negative(dualOps, variable(cos), fixed(target.pivot), dualRow);
  requireClose('∂N/∂cos', [negative.dCos], [dualOther.value.slope], tolerance(negative.dCos));
  if (loss.regulariser !== undefined) {
    const value = loss.regulariser(numberOps, norm);
    const dual = loss.regulariser(dualOps, variable(norm));
    requireClose('∂regulariser/∂‖x‖', [value.dNorm], [dual.value.slope], tolerance(value.dNorm));
  }
}

/** float64: the derivatives of a brute-force head, which know nothing of the slopes that formulas state. */
export const gradientsMatchDerivatives: Law = problemLaw(
  'gradients are the derivatives of the loss of a dense head in float64, by dual numbers (off the kinks; t, mask, drawn margins, batch statistics and the choice of samples frozen)',
  async (trial) => {
    const { backend, loss, input } = trial;
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    requireSameOutput(trial, await stepOnce(backend, loss, input), denseStep(loss, input));
  },
);

/** float32: the float64 reference on the same numbers. */
export const outputsMatchReference: Law = problemLaw(
  'values, gradients, state and diagnostics are those of the float64 reference, to k·ε·s (off the kinks)',
  async ({ backend, loss, input, spec }) => {
    fc.pre(kinkDistance(loss, input) > OFF_KINKS);
    const random = createRandom(spec.seed + 2);
    const weighted = {
      ...input,
      sampleWeights: Float64Array.from(input.labels, () => Math.fround(2 * random.uniform())),
    };
    const actual = await stepOnce(backend, loss, weighted);
    const expected = referenceStep(loss, weighted);
    requireSameOutput({ backend, loss, input: weighted }, actual, expected);
    requireSameState({ backend, loss, input: weighted }, actual.state, expected.state);
    const unit = naturalGradientScales(loss, weighted).unit(backend);
    for (const [name, value] of Object.entries(expected.diagnostics)) {
      // The reference never skips.
      if (name === 'skippedShare') continue;
      const given = (actual.diagnostics as unknown as Record<string, number | null>)[name];
      if (value === null || given === null) {
        if (value !== given) throw new Error(`diagnostics.${name} = ${given}, expected ${value}`);
      } else {
        // N may tie with cos θ_j, as MV-Softmax's does at cos θ_j = −1; rounding then decides for one negative.
        const tie = name === 'emphasisedShare' ? 1.01 / hardNegatives(expected, input) : 0;
        requireClose(`diagnostics.${name}`, [given ?? Number.NaN], [value as number], unit + tie);
      }
    }
  },
);

function hardNegatives({ diagnostics }: HeadOutput, { labels, weights, dim }: HeadInput): number {
  return Math.max(1, (diagnostics.hardShare ?? 0) * labels.length * (weights.length / dim - 1));
}
