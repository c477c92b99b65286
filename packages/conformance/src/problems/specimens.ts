import {
  adaCos,
  adaFace,
  arcFace,
  arcNegFace,
  bceFace,
  circleLoss,
  combined,
  cosFace,
  curricularFace,
  dynamicArcFace,
  elasticArcFace,
  elasticCosFace,
  focal,
  liArcFace,
  type MarginLoss,
  magFace,
  mvAmSoftmax,
  mvArcSoftmax,
  normFace,
  npcFace,
  type OptionNames,
  OptionOutOfRangeError,
  ohem,
  requireKnownOptions,
  selfPaced,
  smoothed,
  softmax,
  sphereFace,
  sphereFace2,
  sphereFaceR,
  uniFace,
  x2Softmax,
} from '@cf/core';

/** A loss that the laws are tried on, and which laws it obeys. */
export interface Specimen {
  readonly name: string;
  /** The loss, at its own scale or at the given one, for problems of C classes (default 3). */
  create(scale?: number, classes?: number): MarginLoss;
  /** The logits change with ‖x‖: softmax, SphereFace, and margins that follow the norm. */
  readonly dependsOnNorm: boolean;
  /** The gradient has a part along x: softmax, SphereFace, MagFace. */
  readonly radialGradient: boolean;
  /** T falls where the cosine rises through 0: an easy margin begins there. */
  readonly easyMargin: boolean;
  /** T has no branch past π, and turns there. */
  readonly turnsPastPi: boolean;
}

/** Which laws a specimen is spared, or held to in another form; none by default. */
export type SpecimenTraits = Partial<Omit<Specimen, 'name' | 'create'>>;

const TRAITS: OptionNames<SpecimenTraits> = {
  dependsOnNorm: true,
  radialGradient: true,
  easyMargin: true,
  turnsPastPi: true,
};

/**
 * A loss of one's own to try the laws on: `specimen('mine', (scale) => myLoss(scale === undefined ? {} : { scale }))`.
 *
 * @param create the loss, at its own scale where none is given; laws try several, up to 1,024
 */
export function specimen(
  name: string,
  create: (scale: number | undefined, classes?: number) => MarginLoss,
  traits: SpecimenTraits = {},
): Specimen {
  requireKnownOptions('specimen', traits, TRAITS);
  return {
    name,
    create,
    dependsOnNorm: false,
    radialGradient: false,
    easyMargin: false,
    turnsPastPi: false,
    ...traits,
  };
}

/**
 * Throws unless every one is a specimen, and not a loss or what makes one.
 *
 * @throws OptionOutOfRangeError
 */
export function requireSpecimens(specimens: readonly Specimen[]): void {
  for (const [at, one] of specimens.entries()) {
    if (typeof one === 'object' && typeof one?.create === 'function') continue;
    const fix = "make one of a loss: specimen('mine', (scale) => myLoss({ scale })).";
    throw new OptionOutOfRangeError(`specimens[${at}]`, one, 'a specimen', fix);
  }
}

/** One number a class, from `low` to `high`, each another one. */
const tableOf = (classes: number, low: number, high: number): number[] =>
  Array.from({ length: classes }, (_, c) => low + (high - low) * ((0.618 * (c + 1)) % 1));

const ALONG_NORM: SpecimenTraits = { dependsOnNorm: true, radialGradient: true };
const EASY: SpecimenTraits = { easyMargin: true };
const TURNS: SpecimenTraits = { turnsPastPi: true };

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
  specimen('curricularface by mode', (scale = 32) =>
    curricularFace({ scale, alpha: 0.6, statistic: 'mode-cosine' }),
  ),
  specimen('curricularface by probability', (scale = 16) =>
    curricularFace({ scale, alpha: 0.6, statistic: 'mean-probability' }),
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
  specimen('adacos', () => adaCos()),
  specimen('adacos fixed', () => adaCos({ dynamic: false })),
  specimen('arc-neg', (scale = 32) => arcNegFace({ scale })),
  specimen('arc-neg exact', (scale = 32) => arcNegFace({ scale, sigma: 1, gradient: 'exact' })),
  specimen('npcface', (scale = 64) => npcFace({ scale }), EASY),
  specimen('circle', (scale = 64) => circleLoss({ scale })),
  specimen('circle exact', (scale = 64) => circleLoss({ scale, margin: 0.35, gradient: 'exact' })),
  specimen('sphereface-r v0', (scale = 30) => sphereFaceR({ scale, margin: 2.4, lossWeight: 50 })),
  specimen('sphereface-r v0 exact', (scale = 30) => sphereFaceR({ scale, gradient: 'exact' })),
  specimen('sphereface-r v1', (scale = 30) => sphereFaceR({ scale, variant: 'v1', margin: 1.7 })),
  specimen('sphereface-r v1 exact', (scale = 30) =>
    sphereFaceR({ scale, variant: 'v1', margin: 1.7, gradient: 'exact' }),
  ),
  specimen('sphereface-r v2', (scale = 30) => sphereFaceR({ scale, variant: 'v2', margin: 1.4 })),
  specimen('sphereface-r v2 exact', (scale = 30) =>
    sphereFaceR({ scale, variant: 'v2', margin: 1.4, gradient: 'exact' }),
  ),
  specimen('li-arcface', (scale = 32) => liArcFace({ scale })),
  specimen('x2-softmax', (scale = 64) => x2Softmax({ scale })),
  specimen('x2-softmax exact', (scale = 32) => x2Softmax({ scale, gradient: 'exact' })),
  specimen('sphereface2', (scale = 40) => sphereFace2({ scale })),
  specimen('sphereface2 exact t = 1.7', (scale = 40) => sphereFace2({ scale, t: 1.7, gradient: 'exact' })),
  specimen('sphereface2 A', (scale = 40) => sphereFace2({ scale, marginType: 'A', lossWeight: 10 })),
  specimen('sphereface2 M exact', (scale = 40) => sphereFace2({ scale, marginType: 'M', gradient: 'exact' })),
  specimen('sphereface2 M', (scale = 40) => sphereFace2({ scale, marginType: 'M', t: 2 })),
  specimen('sphereface2 A exact', (scale = 40) => sphereFace2({ scale, marginType: 'A', gradient: 'exact' })),
  specimen('uniface λ = 1', (scale = 64) => uniFace({ scale })),
  specimen('smoothed(adacos)', () => smoothed(adaCos(), 0.1)),
  specimen('uniface', (scale = 64) => uniFace({ scale, lambda: 0.7, r: 0.5 })),
  specimen('bce-face', (scale = 32) => bceFace({ scale })),
  specimen('ohem(uniface)', (scale = 32) => ohem(uniFace({ scale }), { keepRatio: 0.6 })),
  specimen('smoothed(arcface)', (scale = 32) => smoothed(arcFace({ scale }), 0.1)),
  specimen('smoothed(softmax)', () => smoothed(softmax(), 0.2), ALONG_NORM),
  specimen('focal(smoothed(curricularface))', (scale = 32) =>
    focal(smoothed(curricularFace({ scale, tInitial: 0.3 }), 0.1)),
  ),
  specimen('smoothed(npcface)', (scale = 32) => smoothed(npcFace({ scale }), 0.1), EASY),
  specimen('arcface of a table', (scale = 32, classes = 3) =>
    arcFace({ scale, margin: tableOf(classes, 0.2, 0.5) }),
  ),
  specimen('cosface of a table', (scale = 32, classes = 3) =>
    cosFace({ scale, margin: tableOf(classes, 0.1, 0.4) }),
  ),
  specimen('curricularface of a table', (scale = 32, classes = 3) =>
    curricularFace({ scale, margin: tableOf(classes, 0.2, 0.5), tInitial: 0.2 }),
  ),
  specimen('dynamic-arcface', (scale = 32, classes = 3) =>
    dynamicArcFace({ scale, counts: tableOf(classes, 1, 200).map(Math.round) }),
  ),
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
