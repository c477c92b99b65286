import { curricularFace, type MarginLoss, numberOps, type SampleValues } from '@cf/core';
import fc from 'fast-check';
import { assertNamed, type Law, requireClose, stepOnce } from './law.ts';

/** T(cos) of one sample, with its exact sine. */
function targetAt(
  loss: MarginLoss,
  cos: number,
  norm: number,
  sample: SampleValues<number>,
): ReturnType<typeof loss.target<number, boolean>> {
  return loss.target(numberOps, { cos, sin: Math.sqrt(1 - cos * cos), norm }, sample);
}

/** Sample values that the statistics of some batch can give. */
function plausibleRow(loss: MarginLoss, parameter: number): SampleValues<number> {
  if (loss.sampleValueNames.includes('cosShift')) return adaFaceRow(0.4 * (2 * parameter - 1));
  return Object.fromEntries(
    loss.sampleValueNames.map((name) => [name, name === 'lambda' ? 5 + 1500 * parameter : parameter]),
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

const cosine = (): fc.Arbitrary<number> => fc.double({ min: -1, max: 1, noNaN: true });

/** A sample that comes nearer to its class is never given a smaller target logit. */
export const targetNeverFalls: Law = {
  name: 'T never falls when the target cosine rises, branches included (not across the start of an easy margin, not past π without a branch)',
  async check({ specimens, parameters }) {
    for (const specimen of specimens) {
      const loss = specimen.create();
      const property = fc.property(
        cosine(),
        cosine(),
        fc.double({ min: 1, max: 150, noNaN: true }),
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        (a, b, norm, parameter) => {
          const [low, high] = a < b ? [a, b] : [b, a];
          if (specimen.easyMargin) fc.pre(low > 0 || high <= 0);
          const sample = plausibleRow(loss, parameter);
          const before = targetAt(loss, low, norm, sample);
          if (specimen.turnsPastPi) fc.pre(!before.pastPi);
          const after = targetAt(loss, high, norm, sample);
          if (after.value < before.value - 1e-12) {
            throw new Error(`T(${low}) = ${before.value} > T(${high}) = ${after.value}`);
          }
        },
      );
      await assertNamed(specimen.name, property, { ...parameters, numRuns: 200 });
    }
  },
};

/** With mask and t frozen, so is everything but T: the loss can't rise. */
export const frozenLossNeverRises: Law = {
  name: 'with mask and t frozen the loss never rises when the target cosine rises (where T does not fall)',
  async check({ specimens, parameters }) {
    for (const specimen of specimens) {
      const loss = specimen.create();
      const negatives = fc.array(cosine(), { minLength: 1, maxLength: 8 });
      const property = fc.property(
        cosine(),
        cosine(),
        negatives,
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        (a, b, others, parameter) => {
          const [low, high] = a < b ? [a, b] : [b, a];
          if (specimen.easyMargin) fc.pre(low > 0 || high <= 0);
          const sample = plausibleRow(loss, parameter);
          const before = targetAt(loss, low, 20, sample);
          if (specimen.turnsPastPi) fc.pre(!before.pastPi);
          const after = targetAt(loss, high, 20, sample);
          const frozenPivot = before.pivot;
          const nll = (target: number): number => {
            const logits = others.map(
              (cos) => loss.scale * loss.negative(numberOps, cos, frozenPivot, sample).value,
            );
            const total = logits.reduce((sum, z) => sum + Math.exp(z - loss.scale * target), 0);
            return Math.log1p(total);
          };
          if (nll(after.value) > nll(before.value) + 1e-9) {
            throw new Error(
              `loss rises from ${nll(before.value)} at cos ${low} to ${nll(after.value)} at cos ${high}`,
            );
          }
        },
      );
      await assertNamed(specimen.name, property, { ...parameters, numRuns: 100 });
    }
  },
};

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
