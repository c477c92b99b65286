import {
  adaFace,
  arcFace,
  combined,
  cosFace,
  curricularFace,
  elasticArcFace,
  elasticCosFace,
  focal,
  type MarginLoss,
  magFace,
  mvAmSoftmax,
  mvArcSoftmax,
  normFace,
  ohem,
  selfPaced,
  softmax,
  sphereFace,
} from '@cf/core';

/** A loss that the laws are tried on, and which laws it obeys. */
export interface Specimen {
  readonly name: string;
  /** The loss, at its own scale or at the given one. */
  create(scale?: number): MarginLoss;
  /** The logits change with ‖x‖: softmax, SphereFace, and margins that follow the norm. */
  readonly dependsOnNorm: boolean;
  /** The gradient has a part along x: softmax, SphereFace, MagFace. */
  readonly radialGradient: boolean;
  /** T falls where the cosine rises through 0: an easy margin begins there. */
  readonly easyMargin: boolean;
  /** T has no branch past π, and turns there. */
  readonly turnsPastPi: boolean;
}

type Traits = Partial<Omit<Specimen, 'name' | 'create'>>;

const specimen = (
  name: string,
  create: (scale: number | undefined) => MarginLoss,
  traits: Traits = {},
): Specimen => ({
  name,
  create,
  dependsOnNorm: false,
  radialGradient: false,
  easyMargin: false,
  turnsPastPi: false,
  ...traits,
});

const ALONG_NORM: Traits = { dependsOnNorm: true, radialGradient: true };
const EASY: Traits = { easyMargin: true };
const TURNS: Traits = { turnsPastPi: true };

/** Every loss, margin, modulation and weighting of @cf/core, with the options that change a formula. */
export const SPECIMENS: readonly Specimen[] = [
  specimen('softmax', () => softmax(), ALONG_NORM),
  specimen('softmax without bias', () => softmax({ bias: false }), ALONG_NORM),
  specimen('normface', (scale = 16) => normFace({ scale })),
  specimen('sphereface', () => sphereFace({ lambda: 5 }), ALONG_NORM),
  specimen('sphereface m = 3 annealed', () => sphereFace({ margin: 3 }), ALONG_NORM),
  specimen('cosface', (scale = 64) => cosFace({ scale })),
  specimen('cosface easy', (scale = 32) => cosFace({ scale, easyMargin: true }), EASY),
  specimen('arcface', (scale = 64) => arcFace({ scale })),
  specimen('arcface without branch', (scale = 32) => arcFace({ scale, beyondPi: 'cosine' }), TURNS),
  specimen('arcface easy', (scale = 32) => arcFace({ scale, easyMargin: true }), EASY),
  specimen('arcface straight-through', (scale = 64) => arcFace({ scale, gradient: 'straight-through' })),
  specimen('combined (1.2, 0.3, 0.2)', (scale = 32) => combined({ scale, m1: 1.2, m2: 0.3, m3: 0.2 })),
  specimen(
    'combined (0.9, 0.4, 0.15)',
    (scale = 64) => combined({ scale, m1: 0.9, m2: 0.4, m3: 0.15, beyondPi: 'cosine' }),
    TURNS,
  ),
  specimen('combined (1, 0.5, 0)', (scale = 64) => combined({ scale, m1: 1, m2: 0.5, m3: 0 })),
  specimen('mv-am-softmax', (scale = 32) => mvAmSoftmax({ scale }), EASY),
  specimen('mv-am-softmax full margin', (scale = 32) => mvAmSoftmax({ scale, easyMargin: false, t: 1.1 })),
  specimen('mv-arc-softmax', (scale = 32) => mvArcSoftmax({ scale }), EASY),
  specimen('mv-arc-softmax full margin', (scale = 32) => mvArcSoftmax({ scale, easyMargin: false })),
  specimen('curricularface', (scale = 64) => curricularFace({ scale })),
  specimen('curricularface t₀ = −0.3', (scale = 32) =>
    curricularFace({ scale, margin: 0.35, alpha: 'tface', tInitial: -0.3 }),
  ),
  specimen('curricularface on cosface', (scale = 32) =>
    curricularFace({ scale, margin: { kind: 'cosine', margin: 0.35 }, tInitial: 0.4 }),
  ),
  specimen('curricularface on combined', (scale = 32) =>
    curricularFace({
      scale,
      margin: { kind: 'combined', multiplicative: 1.1, angular: 0.2, cosine: 0.1 },
      alpha: 'paper',
    }),
  ),
  specimen('adaface', (scale = 64) => adaFace({ scale }), { dependsOnNorm: true }),
  specimen('adaface tAlpha = 1', (scale = 64) => adaFace({ scale, tAlpha: 1 }), { dependsOnNorm: true }),
  specimen('magface', (scale = 64) => magFace({ scale }), { ...ALONG_NORM, ...EASY }),
  specimen(
    'magface full margin',
    (scale = 32) => magFace({ scale, easyMargin: false, upperNorm: 20 }),
    ALONG_NORM,
  ),
  specimen('elastic-arcface', (scale = 64) => elasticArcFace({ scale, seed: 7 }), TURNS),
  specimen('elastic-arcface + released', (scale = 64) =>
    elasticArcFace({ scale, plus: 'released', beyondPi: 'linear' }),
  ),
  specimen('elastic-cosface', (scale = 64) => elasticCosFace({ scale, seed: 7 })),
  specimen('elastic-cosface + paper', (scale = 64) => elasticCosFace({ scale, plus: 'paper' })),
  specimen('focal(curricularface)', (scale = 16) => focal(curricularFace({ scale }))),
  specimen('focal(normface) γ = 0.5', (scale = 16) =>
    focal(normFace({ scale }), { gamma: 0.5, alpha: 2, unsafe: true }),
  ),
  specimen('ohem(arcface)', (scale = 32) => ohem(arcFace({ scale }), { keepRatio: 0.5 })),
  specimen('self-paced(normface) hard', (scale = 16) => selfPaced(normFace({ scale }), { pace: 4 })),
  specimen('self-paced(cosface) linear', (scale = 16) =>
    selfPaced(cosFace({ scale }), { regulariser: 'linear', pace: 8 }),
  ),
  specimen('self-paced(curricularface) mixture', (scale = 16) =>
    selfPaced(curricularFace({ scale }), { regulariser: 'mixture', pace: 10, lowerShare: 0.3 }),
  ),
];
