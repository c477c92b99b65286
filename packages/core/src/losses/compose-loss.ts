import { requirePositive } from '../errors/check-options.ts';
import { noMargin } from '../margin/no-margin.ts';
import type { TargetMargin } from '../margin/target-margin.ts';
import { type Modulation, plainModulation } from '../modulation/modulation.ts';
import { softmaxObjective } from '../objective/softmax-objective.ts';
import type { StateValues } from '../weighting/sample-weighting.ts';
import { uniformWeighting } from '../weighting/uniform.ts';
import type { BiasParameter, MarginLoss } from './margin-loss.ts';

/** What a loss has only where it is told so. */
type Optional =
  | 'geometry'
  | 'scale'
  | 'objective'
  | 'lossWeight'
  | 'sampleValueNames'
  | 'classValues'
  | 'initialClassValues'
  | 'stateRanges'
  | 'draws'
  | 'surveyScale'
  | 'prepare'
  | 'negativeSums'
  | 'regulariser';

/** The parts that differ from loss to loss; the rest is the plain cross-entropy on scaled cosines. */
export interface MarginLossParts extends Pick<MarginLoss, 'name'>, Partial<Pick<MarginLoss, Optional>> {
  /** A bias that is learned; true: one a class, which starts at 0. */
  readonly bias?: boolean | BiasParameter;
  readonly margin?: TargetMargin;
  readonly modulation?: Modulation;
  readonly initialValues?: StateValues<number>;
}

const CLASS_BIAS: BiasParameter = { of: 'each class', start: () => 0 };

/** Puts a loss together from its margin, its modulation and its statistics: logits ({@link logitScale}) times T and N. */
export function composeLoss(parts: MarginLossParts): MarginLoss {
  const { scale = 1, lossWeight = 1, margin = noMargin, modulation = plainModulation } = parts;
  requirePositive('scale', scale);
  requirePositive('lossWeight', lossWeight);
  return {
    name: parts.name,
    definition: undefined,
    geometry: parts.geometry ?? 'cosine',
    scale,
    bias: parts.bias === true ? CLASS_BIAS : parts.bias || undefined,
    objective: parts.objective ?? softmaxObjective,
    lossWeight,
    sampleValueNames: parts.sampleValueNames ?? [],
    initialValues: { step: 0, ...parts.initialValues },
    initialClassValues: parts.initialClassValues ?? {},
    stateRanges: { step: [0, Number.MAX_SAFE_INTEGER], ...parts.stateRanges },
    classValues: parts.classValues ?? {},
    draws: parts.draws,
    weighting: uniformWeighting,
    surveyScale: parts.surveyScale,
    prepare: parts.prepare ?? (() => ({ sampleValues: {}, next: {} })),
    target: margin.target,
    negative: modulation.negative,
    emphasised: modulation.emphasised,
    negativeSums: parts.negativeSums,
    regulariser: parts.regulariser,
  };
}
