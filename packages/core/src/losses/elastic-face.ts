import { requireAngle, requireChoice, requireInteger } from '../errors/check-options.ts';
import {
  COSINE_MARGIN,
  type Domain,
  NON_NEGATIVE,
  requirePublished,
  type UnsafeOption,
} from '../errors/published-domain.ts';
import { addAngle, angleParts } from '../margin/add-angle.ts';
import { subtractMargin } from '../margin/additive-cosine-margin.ts';
import { ANGULAR_OPTIONS, checkAngularOptions } from '../margin/check-angular-options.ts';
import type { AngularMarginOptions, TargetMargin } from '../margin/target-margin.ts';
import type { BatchOps } from '../ops/tensor-ops.ts';
import { drawMargins } from '../random/margin-draws.ts';
import { composeLoss, type MarginLossParts } from './compose-loss.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';
import type { ScaleOptions } from './norm-face.ts';

/**
 * How drawn margins are given to samples: `false` as they come; `released` sorted ascending and indexed by the
 * descending argsort of the target cosines, as the authors' code does; `paper` the largest margin to the sample
 * with the smallest target cosine. `true` means `released`.
 */
export type ElasticAssignment = boolean | 'released' | 'paper';

export interface ElasticOptions extends ScaleOptions, UnsafeOption {
  /** Mean of the margins: radians (Arc, 0 ≤ m < π, default 0.5) or a cosine (Cos, 0 ≤ m ≤ 2, default 0.35). */
  readonly margin?: number;
  /** Standard deviation of the margins, 0 ≤ std ≤ 1; unsafe any finite one ≥ 0. Default 0.05. */
  readonly std?: number;
  /** Default false. */
  readonly plus?: ElasticAssignment;
  /** Seed of the draws, an integer. Default 0. */
  readonly seed?: number;
}

const ELASTIC_OPTIONS = {
  scale: 'number',
  margin: 'number',
  std: 'number',
  plus: 'boolean or string',
  seed: 'number',
} as const;

export interface ElasticArcFaceOptions extends ElasticOptions, AngularMarginOptions {}
export interface ElasticCosFaceOptions extends ElasticOptions {
  /** No margin where cos θ_y ≤ 0. Default false. */
  readonly easyMargin?: boolean;
}

/**
 * ElasticFace-Arc (Boutros et al. 2022, eq. 5): T = cos(θ + E), E drawn anew for each sample and step from
 * N(margin, std). In evaluation E is the mean. As released, past π there is no branch unless told otherwise.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const elasticArcFace: LossFactory<ElasticArcFaceOptions> = /* #__PURE__ */ lossFactory(
  'elastic-arcface',
  { ...ELASTIC_OPTIONS, ...ANGULAR_OPTIONS },
  (options) => {
    const { margin = 0.5, beyondPi = 'cosine' } = options;
    requireAngle('margin', margin, options);
    checkAngularOptions(options);
    return composeLoss({
      ...elasticParts('elastic-arcface', margin, options),
      margin: {
        name: 'elastic-angular',
        onSphere: true,
        target: (ops, point, sample) =>
          addAngle(ops, point, angleParts(ops, sample.margin!), { ...options, beyondPi }),
      },
    });
  },
);

/**
 * ElasticFace-Cos (Boutros et al. 2022, eq. 6): T = cos θ − E, E drawn anew for each sample and step from
 * N(margin, std). In evaluation E is the mean.
 *
 * @throws OptionOutOfRangeError, UnknownNameError
 */
export const elasticCosFace: LossFactory<ElasticCosFaceOptions> = /* #__PURE__ */ lossFactory(
  'elastic-cosface',
  { ...ELASTIC_OPTIONS, easyMargin: 'boolean', unsafe: 'boolean' },
  (options) => {
    const { margin = 0.35, easyMargin = false } = options;
    requirePublished('margin', margin, COSINE_MARGIN, options);
    const drawnMargin: TargetMargin = {
      name: 'elastic-cosine',
      onSphere: easyMargin,
      target: (ops, point, sample) => subtractMargin(ops, point, sample.margin!, easyMargin),
    };
    return composeLoss({ ...elasticParts('elastic-cosface', margin, options), margin: drawnMargin });
  },
);

const SPREAD: Domain = { published: { low: 0, high: 1 }, defined: NON_NEGATIVE };

function elasticParts(name: string, margin: number, options: ElasticOptions): MarginLossParts {
  const { scale = 64, std = 0.05, plus = false, seed = 0 } = options;
  requirePublished('std', std, SPREAD, options);
  requireChoice('plus', plus, [false, true, 'released', 'paper']);
  requireInteger('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return {
    name,
    scale,
    sampleValueNames: ['margin'],
    draws: (step, sampleKeys) => drawMargins({ mean: margin, std, seed }, step, sampleKeys),
    prepare: (ops, { cosTarget, draws }, _state, mode) => ({
      sampleValues: {
        margin:
          mode === 'eval' || draws === undefined
            ? ops.constant(margin, 'm')
            : assign(ops, draws, cosTarget, plus),
      },
      next: {},
    }),
  };
}

function assign<T, M>(ops: BatchOps<T, M>, draws: T, cosTarget: T, plus: ElasticAssignment): T {
  if (plus === false) return draws;
  const ascending = ops.gather(draws, ops.argsort(draws, 'ascending'));
  const easiestFirst = ops.argsort(cosTarget, 'descending');
  // A sample's rank is the inverse of the order, which is the order's own argsort.
  const position = plus === 'paper' ? ops.argsort(easiestFirst, 'ascending') : easiestFirst;
  return ops.gather(ascending, position);
}
