import { requirePositive } from '../errors/check-options.ts';
import { noMargin } from '../margin/no-margin.ts';
import type { TargetMargin } from '../margin/target-margin.ts';
import { type Modulation, plainModulation } from '../modulation/modulation.ts';
import type { StateValues } from '../weighting/sample-weighting.ts';
import { uniformWeighting } from '../weighting/uniform.ts';
import type { Geometry, MarginDrawer, MarginLoss } from './margin-loss.ts';

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

/** Puts a loss together from its margin, its modulation and its statistics: logits ({@link logitScale}) times T and N. */
export function composeLoss(parts: MarginLossParts): MarginLoss {
  const { scale = 1, margin = noMargin, modulation = plainModulation } = parts;
  requirePositive('scale', scale);
  return {
    name: parts.name,
    geometry: parts.geometry ?? 'cosine',
    scale,
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
}
