import fc from 'fast-check';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { type Law, problemLaw, requireClose, requireSameOutput, stepOnce } from './law.ts';

/** Weights multiply: they are not renormalised. */
export const weightsAreLinear: Law = problemLaw(
  'doubling every sample weight doubles loss and gradients',
  async (trial) => {
    const { backend, loss, input } = trial;
    fc.pre(kinkDistance(loss, input) > 1e-5);
    const all = (weight: number): Float64Array => new Float64Array(input.labels.length).fill(weight);
    const once = await stepOnce(backend, loss, input);
    const doubled = { ...input, sampleWeights: all(2) };
    const twice = await stepOnce(backend, loss, doubled);
    const times2 = (values: ArrayLike<number>): Float64Array => Float64Array.from(values, (v) => 2 * v);
    requireSameOutput({ ...trial, input: doubled }, twice, {
      ...once,
      loss: 2 * once.loss,
      losses: times2(once.losses),
      gradEmbeddings: times2(once.gradEmbeddings),
      gradWeights: times2(once.gradWeights),
      gradBias: once.gradBias && times2(once.gradBias),
    });
  },
);

/** A weight of 0 leaves a sample out of loss and gradients (statistics such as t still see it). */
export const zeroWeightIsSilent: Law = problemLaw(
  'a sample of weight 0 has loss 0 and gradient 0',
  async ({ backend, loss, input }) => {
    const sampleWeights = new Float64Array(input.labels.length).fill(1);
    sampleWeights[0] = 0;
    const output = await stepOnce(backend, loss, { ...input, sampleWeights });
    requireClose('losses[0]', [output.losses[0]!], [0], 0);
    requireClose('∂x_0', output.gradEmbeddings.slice(0, input.dim), new Float64Array(input.dim), 0);
  },
);
