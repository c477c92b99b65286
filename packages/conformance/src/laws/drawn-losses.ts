import { createRandom } from '@cf/core';
import fc from 'fast-check';
import { denseStep } from '../oracle/dense-head.ts';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { drawnLoss, lossSpecs } from '../problems/drawn-losses.ts';
import { buildProblem, problemSpecs } from '../problems/problem.ts';
import { type Law, requireSameOutput, requireSameState, stepOnce } from './law.ts';

/** How far from a kink outputs are compared. */
const OFF_KINKS = 1e-4;
/** Losses to draw where the other laws try one problem a loss. */
const LOSSES = 20;

/** A backend reads formulas, whatever they are put together from. */
export const drawnLossesMatchOracle: Law = {
  name: 'losses that nobody ships (any geometry, scale, margin, modulation, state, weighting and bias that marginLoss takes) are those of a dense float64 head, to k·ε·s (off the kinks)',
  async check({ backend, parameters }) {
    const property = fc.asyncProperty(
      lossSpecs(),
      problemSpecs(),
      fc.constantFrom('train', 'eval'),
      async (lossSpec, spec, mode) => {
        const loss = drawnLoss(lossSpec);
        const random = createRandom(spec.seed + 5);
        const problem = buildProblem(spec, loss);
        const sampleWeights = Float64Array.from(problem.labels, () => Math.fround(2 * random.uniform()));
        const input = { ...problem, sampleWeights, mode };
        fc.pre(kinkDistance(loss, input) > OFF_KINKS);
        const actual = await stepOnce(backend, loss, input);
        const expected = denseStep(loss, input);
        const trial = { backend, loss, input };
        requireSameOutput(trial, actual, expected);
        requireSameState(trial, actual.state, expected.state);
      },
    );
    await fc.assert(property, { ...parameters, numRuns: LOSSES * (parameters.numRuns ?? 1) });
  },
};
