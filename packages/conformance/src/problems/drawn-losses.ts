import {
  addAngle,
  additiveCosineMargin,
  angleParts,
  angleSlope,
  angularMargin,
  type BatchOps,
  batchMean,
  combinedMargin,
  curricularModulation,
  drawMargins,
  ema,
  focalWeighting,
  type Geometry,
  type MarginLoss,
  type MarginLossParts,
  type Modulation,
  marginLoss,
  misclassifiedVectorModulation,
  noMargin,
  OptionOutOfRangeError,
  ohemWeighting,
  plainModulation,
  type SampleValues,
  type SampleWeighting,
  selfPacedWeighting,
  sphereMargin,
  subtractMargin,
  type TargetMargin,
  withWeighting,
} from '@cf/core';
import fc from 'fast-check';

/** A loss in the names of its parts, so that a counterexample reads as one line. */
export interface LossSpec {
  readonly geometry: Geometry;
  readonly scale: number;
  readonly bias: boolean;
  readonly margin: string;
  readonly modulation: string;
  readonly state: string;
  readonly regulariser: boolean;
  readonly weighting: string;
}

/** A margin that follows ‖x‖, and is none of an angle. */
const alongNorm: TargetMargin = {
  name: 'along-norm',
  onSphere: false,
  target: (ops, point, sample) => {
    const longer = ops.add(point.norm, ops.constant(1));
    const share = ops.div(point.norm, longer);
    const m = ops.constant(0.4);
    return {
      ...noMargin.target(ops, point, sample),
      value: ops.sub(point.cos, ops.mul(m, share)),
      dNorm: ops.neg(ops.div(m, ops.mul(longer, longer))),
    };
  },
};

const angleAlongNorm: TargetMargin = {
  name: 'angle-along-norm',
  onSphere: true,
  target: (ops, point) => {
    const rise = ops.constant(0.02);
    const margin = ops.add(ops.constant(0.2), ops.mul(rise, point.norm));
    const angle = angleParts(ops, margin);
    const dNorm = ops.mul(rise, angleSlope(ops, point, angle, margin, {}));
    return { ...addAngle(ops, point, angle, {}), dNorm };
  },
};

/** Margins; some read the sample values `margin` and `lambda`. */
export const DRAWN_MARGINS: Readonly<Record<string, TargetMargin>> = {
  none: noMargin,
  additive: additiveCosineMargin(0.25),
  'additive, easy': additiveCosineMargin(0.25, { easyMargin: true }),
  angular: angularMargin(0.4),
  'angular, no branch': angularMargin(0.6, { beyondPi: 'cosine' }),
  'angular, easy': angularMargin(0.4, { easyMargin: true }),
  'angular, straight-through': angularMargin(0.4, { gradient: 'straight-through' }),
  combined: combinedMargin({ multiplicative: 1.3, angular: 0.2, cosine: 0.1 }),
  'combined, cosine': combinedMargin({ cosine: 0.2 }),
  sphere: sphereMargin(3),
  'a cosine a sample': {
    name: 'sample-cosine',
    onSphere: false,
    target: (ops, point, { margin }) => subtractMargin(ops, point, margin!, false),
  },
  'an angle a sample': {
    name: 'sample-angle',
    onSphere: true,
    target: (ops, point, { margin }) => addAngle(ops, point, angleParts(ops, margin!), {}),
  },
  'along the norm': alongNorm,
  'an angle along the norm': angleAlongNorm,
};

/** Modulations; some read the sample value `t`, or the pivot as a number. */
export const DRAWN_MODULATIONS: Readonly<Record<string, Modulation>> = {
  plain: plainModulation,
  curricular: curricularModulation,
  'misclassified vector': misclassifiedVectorModulation(1.3),
  clamped: {
    name: 'clamped',
    onSphere: true,
    negative: (ops, cos) => {
      const bound = ops.constant(0.6);
      const outside = ops.or(ops.greater(cos, bound), ops.greater(ops.neg(bound), cos));
      return {
        value: ops.min(ops.max(cos, ops.neg(bound)), bound),
        dCos: ops.select(outside, ops.constant(0), ops.constant(1)),
      };
    },
  },
  exponential: {
    name: 'exponential',
    onSphere: true,
    negative: (ops, cos) => {
      const grown = ops.expm1(cos);
      return { value: grown, dCos: ops.add(grown, ops.constant(1)) };
    },
  },
  'arc tangent': {
    name: 'arc-tangent',
    onSphere: false,
    negative: (ops, cos) => ({
      value: ops.atan(cos),
      dCos: ops.div(ops.constant(1), ops.add(ops.constant(1), ops.mul(cos, cos))),
    }),
  },
  'by the pivot': {
    name: 'by-pivot',
    onSphere: true,
    negative: (ops, cos, pivot) => {
      const factor = ops.add(ops.constant(1), ops.mul(ops.constant(0.3), pivot));
      return { value: ops.mul(factor, cos), dCos: factor };
    },
  },
  'a factor a sample': {
    name: 'sample-factor',
    onSphere: false,
    negative: (ops, cos, _pivot, { t }) => {
      const factor = ops.add(ops.constant(1), ops.mul(ops.constant(0.3), t!));
      return { value: ops.mul(factor, cos), dCos: factor };
    },
  },
};

/** Sample values of a number in about [−1, 1], in the ranges that margins and modulations make sense of. */
function sampleValuesOf<T, M>(ops: BatchOps<T, M>, value: T): SampleValues<T> {
  const scaled = (start: number, factor: number): T =>
    ops.add(ops.constant(start), ops.mul(ops.constant(factor), value));
  return { t: scaled(0, 1), margin: scaled(0.3, 0.1), lambda: scaled(5, 2) };
}

const clamped = <T, M>(ops: BatchOps<T, M>, value: T): T =>
  ops.min(ops.max(value, ops.constant(-1)), ops.constant(1));

/** Where sample values come from. */
export const DRAWN_STATES: Readonly<
  Record<string, Pick<MarginLossParts, 'initialValues' | 'draws' | 'prepare'>>
> = {
  none: { prepare: (ops) => ({ sampleValues: sampleValuesOf(ops, ops.constant(0.4)), next: {} }) },
  'average of the cosine': {
    initialValues: { t: 0.1 },
    prepare: (ops, { cosTarget }, state, mode) => {
      const t =
        mode === 'train' ? ema(ops, state.t!, batchMean(ops, cosTarget), ops.constant(0.3)) : state.t!;
      return { sampleValues: sampleValuesOf(ops, clamped(ops, t)), next: { t } };
    },
  },
  'statistics of the norm': {
    initialValues: { mean: 5, spread: 3 },
    prepare: (ops, { norm }, state, mode) => {
      const alpha = ops.constant(mode === 'train' ? 0.2 : 0);
      const mean = ema(ops, state.mean!, batchMean(ops, norm), alpha);
      const deviation = ops.sub(norm, mean);
      const size = batchMean(ops, ops.sqrt(ops.mul(deviation, deviation)));
      const spread = mode === 'train' ? ema(ops, state.spread!, size, alpha) : state.spread!;
      const value = ops.div(deviation, ops.add(spread, ops.constant(1)));
      return {
        sampleValues: sampleValuesOf(ops, clamped(ops, value)),
        next: { mean: mode === 'train' ? mean : state.mean!, spread },
      };
    },
  },
  draws: {
    draws: (step, keys) => drawMargins({ mean: 0.1, std: 0.3, seed: 3 }, step, keys),
    prepare: (ops, { draws }) => ({
      sampleValues: sampleValuesOf(ops, draws ?? ops.constant(0.1)),
      next: {},
    }),
  },
};

/** Weightings of samples; undefined for the plain mean. */
export const DRAWN_WEIGHTINGS: Readonly<Record<string, SampleWeighting | undefined>> = {
  none: undefined,
  focal: focalWeighting({ gamma: 1.5, alpha: 0.5 }),
  ohem: ohemWeighting({ keepRatio: 0.6 }),
  'self-paced, hard': selfPacedWeighting({ pace: 4 }),
  'self-paced, linear': selfPacedWeighting({ regulariser: 'linear', pace: 8 }),
  'self-paced, mixture': selfPacedWeighting({ regulariser: 'mixture', pace: 12, lowerShare: 0.3 }),
};

const regulariser: MarginLossParts['regulariser'] = (ops, norm) => {
  const inverse = ops.div(ops.constant(1), norm);
  const value = ops.add(ops.mul(ops.constant(0.01), norm), inverse);
  return { value, dNorm: ops.sub(ops.constant(0.01), ops.mul(inverse, inverse)) };
};

/** The loss of a specification. @throws OptionOutOfRangeError where its parts have no meaning together */
export function drawnLoss(spec: LossSpec): MarginLoss {
  const { geometry, scale, bias } = spec;
  const loss = marginLoss({
    name: 'drawn',
    geometry,
    scale,
    bias,
    margin: DRAWN_MARGINS[spec.margin]!,
    modulation: DRAWN_MODULATIONS[spec.modulation]!,
    sampleValueNames: ['t', 'margin', 'lambda'],
    ...DRAWN_STATES[spec.state],
    ...(spec.regulariser ? { regulariser } : {}),
  });
  const weighting = DRAWN_WEIGHTINGS[spec.weighting];
  return weighting === undefined ? loss : withWeighting(loss, weighting);
}

/** Whether marginLoss takes it. */
export function isAccepted(spec: LossSpec): boolean {
  try {
    drawnLoss(spec);
    return true;
  } catch (error) {
    if (error instanceof OptionOutOfRangeError) return false;
    throw error;
  }
}

/** Losses that nobody ships: of all that marginLoss accepts, each geometry as often as the others. */
export function lossSpecs(): fc.Arbitrary<LossSpec> {
  const nameOf = (table: object): fc.Arbitrary<string> => fc.constantFrom(...Object.keys(table));
  const geometries: readonly Geometry[] = ['cosine', 'norm-scaled', 'inner'];
  const of = (geometry: Geometry): fc.Arbitrary<LossSpec> =>
    fc
      .record({
        geometry: fc.constant(geometry),
        scale: fc.constantFrom(1, 0.5, 4, 16, 64),
        bias: fc.boolean(),
        margin: nameOf(DRAWN_MARGINS),
        modulation: nameOf(DRAWN_MODULATIONS),
        state: nameOf(DRAWN_STATES),
        regulariser: fc.boolean(),
        weighting: nameOf(DRAWN_WEIGHTINGS),
      })
      .filter(isAccepted);
  return fc.oneof(...geometries.map(of));
}
