import { createRandom, initialState, type LossState, type MarginLoss } from '@cf/core';
import fc from 'fast-check';
import { denseStep } from '../oracle/dense-head.ts';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { drawnLoss, lossSpecs } from '../problems/drawn-losses.ts';
import { levelOf } from '../problems/drawn-parts.ts';
import { buildProblem, type ProblemSpec, problemSpecs } from '../problems/problem.ts';
import { type Law, requireSameOutput, requireSameState, stepOnce } from './law.ts';

/** How far from a kink outputs are compared. */
const OFF_KINKS = 1e-4;
/** Losses to draw where the other laws try one problem a loss. */
const LOSSES = 20;

/** The state before the first step or, of losses that carry something of classes, half the time a later one. */
function someState(loss: MarginLoss, { seed, classes }: ProblemSpec): LossState {
  const start = initialState(loss);
  const names = Object.keys(loss.initialClassValues);
  if (names.length === 0 || seed % 2 === 0) return start;
  const levels = Array.from({ length: classes }, (_, label) => levelOf(label));
  const classValues = Object.fromEntries(names.map((name) => [name, levels]));
  return { ...start, values: { ...start.values, step: 3 }, classValues };
}

/** A backend reads formulas, whatever they are put together from. */
export const drawnLossesMatchOracle: Law = {
  name: 'losses that nobody ships (any geometry, scale, margin, modulation, objective, state, weighting and bias that marginLoss takes, with 1 to 3 class centers a class) are those of a dense float64 head, to k·ε·s (off the kinks)',
  async check({ backend, parameters }) {
    const property = fc.asyncProperty(
      lossSpecs(),
      problemSpecs(),
      fc.constantFrom('train', 'eval'),
      fc.constantFrom(1, 2, 3),
      async (lossSpec, spec, mode, subCenters) => {
        const loss = drawnLoss(lossSpec, spec.classes);
        const random = createRandom(spec.seed + 5);
        const problem = buildProblem(spec, loss, subCenters);
        const sampleWeights = Float64Array.from(problem.labels, () => Math.fround(2 * random.uniform()));
        const input = { ...problem, sampleWeights, mode, state: someState(loss, spec) };
        fc.pre(kinkDistance(loss, input, { subCenters }) > OFF_KINKS);
        const actual = await stepOnce(backend, loss, input, { subCenters });
        const expected = denseStep(loss, input, { subCenters });
        const trial = { backend, loss, input };
        // The scale that counts is not the loss's own.
        requireSameOutput(trial, actual, expected, lossSpec.state.startsWith('a scale') ? 8 : 1);
        requireSameState(trial, actual.state, expected.state);
      },
    );
    await fc.assert(property, { ...parameters, numRuns: LOSSES * (parameters.numRuns ?? 1) });
  },
};
