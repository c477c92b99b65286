import {
  arcFace,
  combined,
  cosFace,
  curricularFace,
  focal,
  type MarginLoss,
  mvAmSoftmax,
  mvArcSoftmax,
  normFace,
  ohem,
  referenceStep,
  selfPaced,
} from '@cf/core';
import fc from 'fast-check';
import { kinkDistance } from '../oracle/kink-distance.ts';
import { buildProblem, problemSpecs } from '../problems/problem.ts';
import { assertNamed, type Law, requireSameOutput, stepOnce } from './law.ts';

/** Two losses that must agree, and where. */
interface Corner {
  readonly name: string;
  readonly special: MarginLoss;
  readonly base: MarginLoss;
  /** Only problems where the special one sees no hard negative. */
  readonly withoutHard?: boolean;
}

const INFINITE = Number.POSITIVE_INFINITY;

const CORNERS: readonly Corner[] = [
  {
    name: 'curricularface without hard negatives = arcface',
    special: curricularFace(),
    base: arcFace(),
    withoutHard: true,
  },
  {
    name: 'curricularface without branch and hard negatives = arcface without branch',
    special: curricularFace({ beyondPi: 'cosine' }),
    base: arcFace({ beyondPi: 'cosine' }),
    withoutHard: true,
  },
  {
    name: 'curricularface on cosface without hard negatives = cosface',
    special: curricularFace({ margin: { kind: 'cosine', margin: 0.35 } }),
    base: cosFace(),
    withoutHard: true,
  },
  {
    name: 'mv-am-softmax at t = 1 = cosface',
    special: mvAmSoftmax({ t: 1 }),
    base: cosFace({ scale: 32, easyMargin: true }),
  },
  {
    name: 'mv-arc-softmax at t = 1 = arcface',
    special: mvArcSoftmax({ t: 1 }),
    base: arcFace({ scale: 32, margin: 0.35, easyMargin: true }),
  },
  {
    name: 'combined (1, m, 0) without branch = arcface without branch',
    special: combined({ m1: 1, m2: 0.5, m3: 0, beyondPi: 'cosine' }),
    base: arcFace({ beyondPi: 'cosine' }),
  },
  { name: 'combined (1, 0, m) = cosface', special: combined({ m1: 1, m2: 0, m3: 0.35 }), base: cosFace() },
  { name: 'combined (1, 0, 0) = normface', special: combined({ m1: 1, m2: 0, m3: 0 }), base: normFace() },
  {
    name: 'curricularface on combined (1, m, 0) = curricularface, without branch',
    special: curricularFace({ margin: { kind: 'combined', angular: 0.5 }, beyondPi: 'cosine' }),
    base: curricularFace({ beyondPi: 'cosine' }),
  },
  {
    name: 'focal at γ = 0, α = 1 = identity',
    special: focal(curricularFace(), { gamma: 0, alpha: 1 }),
    base: curricularFace(),
  },
  { name: 'ohem that keeps all = identity', special: ohem(arcFace(), { keepRatio: 1 }), base: arcFace() },
  ...(['hard', 'linear', 'mixture'] as const).map((regulariser) => ({
    name: `self-paced ${regulariser} at an infinite pace = identity`,
    special: selfPaced(curricularFace(), { regulariser, pace: INFINITE }),
    base: curricularFace(),
  })),
];

/** The family's members meet at their corners. */
export const cornersAgree: Law = {
  name: 'corners of the family agree: CurricularFace without hard negatives = its base, MV at t = 1, combined margin, focal, OHEM, self-paced',
  async check({ backend, parameters }) {
    for (const { name, special, base, withoutHard } of CORNERS) {
      const bounds = withoutHard ? { regimes: ['late'] as const, minClasses: 2 } : {};
      const property = fc.asyncProperty(problemSpecs(bounds), async (spec) => {
        const input = buildProblem(spec, special);
        fc.pre(kinkDistance(special, input) > 1e-5);
        if (withoutHard) fc.pre(referenceStep(special, input).diagnostics.hardShare === 0);
        const actual = await stepOnce(backend, special, input);
        const expected = await stepOnce(backend, base, input);
        requireSameOutput({ backend, loss: base, input }, actual, expected);
      });
      await assertNamed(name, property, parameters);
    }
  },
};
