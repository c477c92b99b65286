import {
  createRandom,
  type HeadInput,
  hardMask,
  initialState,
  type LossState,
  type MarginLoss,
  numberOps,
} from '@cf/core';
import fc from 'fast-check';
import { denseHead } from '../oracle/dense-head.ts';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { type Law, problemLaw, stepOnce } from './law.ts';

/** How far a cosine may be off. */
const NEAR = 1e-4;

/** A diagnostic that is wrong moves no number of a training, so nothing else would tell. */
export const emphasisedAreCounted: Law = problemLaw(
  'emphasised are those of the hard negatives that the loss says (CurricularFace: t + cos θ_j > 1), and where it says nothing those with N > cos θ_j, counted pair by pair in a dense float64 head, those at the border either way',
  async ({ backend, loss, input: problem, spec }) => {
    const input = { ...problem, state: stateOf(loss, spec.seed) };
    fc.pre(kinkDistance(loss, input) > NEAR);
    const { diagnostics } = await stepOnce(backend, loss, input);
    const { hard, least, most } = countEmphasised(loss, input);
    const given = diagnostics.emphasisedShare;
    if (hard === 0 || loss.geometry === 'inner') {
      if (given !== null)
        throw new Error(`emphasisedShare = ${given}, expected null without a hard negative`);
      return;
    }
    const count = (given ?? Number.NaN) * hard;
    if (count >= least - NEAR && count <= most + NEAR) return;
    throw new Error(`emphasisedShare = ${given}, ${count} of ${hard}, expected ${least} to ${most} of them`);
  },
);

/** With t, where there is one, anywhere: at a first t of 0 hardly any negative is emphasised. */
function stateOf(loss: MarginLoss, seed: number): LossState {
  const state = initialState(loss);
  if (state.values.t === undefined) return state;
  return { ...state, values: { ...state.values, t: createRandom(seed + 7).uniform() } };
}

/** How many hard negatives there are and are emphasised, at least and at most: what a small step moves is at the border. */
function countEmphasised(
  loss: MarginLoss,
  input: HeadInput,
): { readonly hard: number; readonly least: number; readonly most: number } {
  const { cosines, pivots, pivotSamples } = denseHead(loss, input);
  const counts = { hard: 0, least: 0, most: 0 };
  for (const [i, row] of cosines.entries()) {
    const [pivot, sample] = [pivots[i]!, pivotSamples[i]!];
    for (const [j, cos] of row.entries()) {
      if (j === input.labels[i] || !hardMask(numberOps, cos, pivot)) continue;
      const seen = [cos - NEAR, cos, cos + NEAR].map((at) => isEmphasised(loss, at, pivot, sample));
      counts.hard++;
      if (seen.every(Boolean)) counts.least++;
      if (seen.some(Boolean)) counts.most++;
    }
  }
  return counts;
}

function isEmphasised(
  loss: MarginLoss,
  cos: number,
  pivot: number,
  sample: Readonly<Record<string, number>>,
): boolean {
  if (loss.emphasised !== undefined) return loss.emphasised(numberOps, cos, pivot, sample);
  return loss.negative(numberOps, cos, pivot, sample).value > cos;
}
