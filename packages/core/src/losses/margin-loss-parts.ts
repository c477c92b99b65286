import { noMargin } from '../margin/no-margin.ts';
import type { TargetMargin } from '../margin/target-margin.ts';
import { type Modulation, plainModulation } from '../modulation/modulation.ts';
import type { StateValues } from '../weighting/sample-weighting.ts';
import { uniformWeighting } from '../weighting/uniform.ts';
import type { Geometry, MarginDrawer, MarginLoss } from './margin-loss.ts';
import { requireMeaning } from './require-meaning.ts';

/** The parts that differ from loss to loss; the rest is the plain cross-entropy on scaled cosines. */
export interface MarginLossParts {
  readonly name: string;
  readonly geometry?: Geometry;
  readonly scale?: number;
  readonly bias?: boolean;
  readonly margin?: TargetMargin;
  readonly modulation?: Modulation;
  readonly sampleValueNames?: readonly string[];
  readonly initialValues?: StateValues<number>;
  readonly stateRanges?: MarginLoss['stateRanges'];
  readonly draws?: MarginDrawer;
  readonly prepare?: MarginLoss['prepare'];
  readonly regulariser?: MarginLoss['regulariser'];
}

/**
 * Puts a loss together from its margin, its modulation and its statistics: logits ({@link logitScale}) times T and N.
 *
 * @throws OptionOutOfRangeError where the parts have no meaning together ({@link requireMeaning} lists when).
 */
export function marginLoss(parts: MarginLossParts): MarginLoss {
  const { margin = noMargin, modulation = plainModulation } = parts;
  const loss: MarginLoss = {
    name: parts.name,
    geometry: parts.geometry ?? 'cosine',
    scale: parts.scale ?? 1,
    bias: parts.bias ?? false,
    gradient: margin.gradient ?? 'exact',
    sampleValueNames: parts.sampleValueNames ?? [],
    initialValues: { step: 0, ...parts.initialValues },
    stateRanges: { step: [0, Number.MAX_SAFE_INTEGER], ...parts.stateRanges },
    draws: parts.draws,
    weighting: uniformWeighting,
    prepare: parts.prepare ?? (() => ({ sampleValues: {}, next: {} })),
    target: margin.target,
    negative: modulation.negative,
    regulariser: parts.regulariser,
  };
  requireMeaning(loss, margin, modulation);
  return loss;
}
