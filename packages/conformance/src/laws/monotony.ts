import { curricularFace, type MarginLoss, numberOps, type SampleValues, type TargetValue } from '@cf/core';
import fc from 'fast-check';
import { between, type Law, lossLaw, requireClose, stepOnce, type Trial } from './law.ts';

/** Sample values that the statistics of some batch can give. */
function plausibleRow(loss: MarginLoss, parameter: number): SampleValues<number> {
  if (loss.sampleValueNames.includes('cosShift')) return adaFaceRow(0.4 * (2 * parameter - 1));
  const sums = Object.fromEntries((loss.negativeSums?.names ?? []).map((name) => [name, 1]));
  const ofSums = Object.keys(loss.negativeSums?.sampleValues(numberOps, sums) ?? {});
  return Object.fromEntries(
    [...loss.sampleValueNames, ...ofSums].map((name) => [
      name,
      name === 'lambda' ? 5 + 1500 * parameter : parameter,
    ]),
  );
}

function adaFaceRow(shift: number): SampleValues<number> {
  const eps = 0.001;
  return {
    cosShift: Math.cos(shift),
    sinShift: Math.sin(shift),
    cosLow: eps > shift ? Math.cos(eps - shift) : 2,
    cosHigh: eps + shift > 0 ? -Math.cos(eps + shift) : -2,
    drop: 0.4 - shift,
  };
}

const cosine = (): fc.Arbitrary<number> => between(-1, 1);
const parameterOfRow = (): fc.Arbitrary<number> => between(0.05, 0.9);

/** T before and after a sample comes nearer to its class, where it must not fall. */
function approach(
  { specimen, loss }: Pick<Trial, 'specimen' | 'loss'>,
  [a, b]: readonly [number, number],
  norm: number,
  parameter: number,
): Record<'before' | 'after', TargetValue<number, boolean> & { readonly cos: number }> & {
  readonly sample: SampleValues<number>;
} {
  const [low, high] = a < b ? [a, b] : [b, a];
  if (specimen.easyMargin) fc.pre(low > 0 || high <= 0);
  const sample = plausibleRow(loss, parameter);
  /** T(cos) with its exact sine. */
  const at = (cos: number): TargetValue<number, boolean> & { readonly cos: number } => {
    const point = { cos, sin: Math.sqrt(1 - cos * cos), norm };
    return { ...loss.target<number, boolean>(numberOps, point, sample), cos };
  };
  const before = at(low);
  if (specimen.turnsPastPi) fc.pre(!before.pastPi);
  return { before, after: at(high), sample };
}

/** A sample that comes nearer to its class is never given a smaller target logit. */
export const targetNeverFalls: Law = lossLaw(
  'T never falls when the target cosine rises, branches included (not across the start of an easy margin, not past π without a branch)',
  (subject) =>
    fc.property(cosine(), cosine(), between(1, 150), parameterOfRow(), (a, b, norm, parameter) => {
      const { before, after } = approach(subject, [a, b], norm, parameter);
      if (after.value >= before.value - 1e-12) return;
      throw new Error(`T(${before.cos}) = ${before.value} > T(${after.cos}) = ${after.value}`);
    }),
  { numRuns: 200 },
);

/** With mask and t frozen, so is everything but T: the loss can't rise. */
export const frozenLossNeverRises: Law = lossLaw(
  'with mask and t frozen the loss of a softmax never rises when the target cosine rises (where T does not fall)',
  (subject) => {
    const { loss } = subject;
    const negatives = fc.array(cosine(), { minLength: 1, maxLength: 8 });
    return fc.property(cosine(), cosine(), negatives, parameterOfRow(), (a, b, others, parameter) => {
      const { before, after, sample } = approach(subject, [a, b], 20, parameter);
      const logits = others.map(
        (cos) => loss.scale * loss.negative(numberOps, cos, before.pivot, sample).value,
      );
      const nll = (target: number): number =>
        Math.log1p(logits.reduce((sum, z) => sum + Math.exp(z - loss.scale * target), 0));
      const [first, then] = [nll(before.value), nll(after.value)];
      if (then <= first + 1e-9) return;
      throw new Error(`loss rises from ${first} at cos ${before.cos} to ${then} at cos ${after.cos}`);
    });
  },
  { holdsFor: (_, { objective }) => objective.kind === 'softmax', numRuns: 100 },
);

/** With a moving mask it can: a negative that turns from hard to easy jumps from c·(t + c) to c. */
export const knownCounterexample: Law = {
  name: 'the known counterexample: at t = 0 and cos θ_j = 0.3, crossing cos θ_y = 0.7206 lifts the loss of CurricularFace from 1.6e-6 to 0.69',
  async check({ backend }) {
    const loss = curricularFace({ alpha: 0 });
    const at = async (cos: number): Promise<number> => {
      const output = await stepOnce(backend, loss, {
        embeddings: Float64Array.of(1, 0, 0),
        weights: Float64Array.of(cos, Math.sqrt(1 - cos * cos), 0, 0.3, 0, Math.sqrt(1 - 0.09)),
        labels: [0],
        dim: 3,
      });
      return output.loss;
    };
    requireClose('loss before', [await at(0.7204)], [1.6e-6], 1.5e-7);
    requireClose('loss after', [await at(0.7208)], [0.69], 0.02);
  },
};
