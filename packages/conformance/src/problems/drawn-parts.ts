import {
  addAngle,
  additiveCosineMargin,
  angleParts,
  angleSlope,
  angularMargin,
  type BatchOps,
  batchMean,
  binaryObjective,
  combinedMargin,
  curricularModulation,
  drawMargins,
  ema,
  focalWeighting,
  type MarginLossParts,
  type Modulation,
  misclassifiedVectorModulation,
  type NegativeSum,
  type NegativeSums,
  noMargin,
  type Objective,
  ohemWeighting,
  plainModulation,
  type SampleValues,
  type SampleWeighting,
  selfPacedWeighting,
  smoothedSoftmax,
  softmaxObjective,
  sphereMargin,
  subtractMargin,
  type TargetMargin,
} from '@cf/core';

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

/** A margin that the negatives have a say in, and the pivot has not. */
const byNegatives: TargetMargin = {
  name: 'by-negatives',
  onSphere: false,
  target: (ops, point, { squares }) => {
    const margin = ops.add(ops.constant(0.2), ops.mul(ops.constant(0.1), squares!));
    const pivot = ops.sub(point.cos, ops.constant(0.2));
    return { ...subtractMargin(ops, point, margin, false), pivot };
  },
};

export const MEAN_SQUARE: NegativeSums = {
  names: ['squares', 'count'],
  terms: (ops, cos) => ({ squares: ops.mul(cos, cos), count: ops.constant(1) }),
  sampleValues: (ops, { squares, count }) => {
    const mean = ops.div(squares!, ops.max(count!, ops.constant(1)));
    return { squares: ops.div(mean, ops.add(mean, ops.constant(1))) };
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
  'by the negatives': byNegatives,
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

/** Of a log-sum-exp, a tenth; where there is no negative a number all the same. */
function logOf<T, M>(ops: BatchOps<T, M>, { max, sum }: NegativeSum<T>): T {
  const zero = ops.constant(0);
  // Of no negative: a sum of 0, or a maximum below any logit.
  const some = ops.greater(ops.select(ops.greater(max, ops.constant(-1e19)), sum, zero), zero);
  const log = ops.add(ops.select(some, max, zero), ops.log(ops.select(some, sum, ops.constant(1))));
  return ops.mul(ops.constant(0.1), log);
}

const clamped = <T, M>(ops: BatchOps<T, M>, value: T): T =>
  ops.min(ops.max(value, ops.constant(-1)), ops.constant(1));

/** Where sample values come from. */
export const DRAWN_STATES: Readonly<
  Record<
    string,
    Pick<
      MarginLossParts,
      'initialValues' | 'initialClassValues' | 'draws' | 'prepare' | 'surveyScale' | 'classValues'
    >
  >
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
  'a scale that moves': {
    initialValues: { level: 0.5 },
    prepare: (ops, { cosTarget }, state, mode) => {
      const level =
        mode === 'train'
          ? ema(ops, state.level!, batchMean(ops, cosTarget), ops.constant(0.3))
          : state.level!;
      const scale = ops.add(ops.constant(4), ops.mul(ops.constant(2), level));
      return { sampleValues: sampleValuesOf(ops, ops.constant(0.2)), next: { level }, scale };
    },
  },
  survey: {
    initialValues: { level: 0.5 },
    surveyScale: (ops, { level }, classes) => ops.add(level!, ops.log(ops.add(classes, ops.constant(1)))),
    prepare: (ops, { surveyed }, state) => {
      const level =
        surveyed === undefined ? state.level! : clamped(ops, batchMean(ops, logOf(ops, surveyed)));
      return { sampleValues: sampleValuesOf(ops, level), next: { level } };
    },
  },
  'a table of classes': {
    prepare: (ops, { ofClass }) => ({ sampleValues: sampleValuesOf(ops, ofClass.level!), next: {} }),
  },
  'an average of each class': {
    initialClassValues: { mean: 0.2, count: 0 },
    prepare: (ops, { cosTarget, labels, ofClass }, _, mode) => {
      const own = ops.sumOfClass(ops.constant(1), labels);
      const mean = ema(
        ops,
        ofClass.mean!,
        ops.div(ops.sumOfClass(cosTarget, labels), own),
        ops.constant(0.3),
      );
      const count = ops.add(ofClass.count!, own);
      const level = mode === 'train' ? mean : ofClass.mean!;
      return {
        sampleValues: sampleValuesOf(ops, clamped(ops, level)),
        next: {},
        nextOfClass: { mean, count },
      };
    },
  },
  'a scale of each class': {
    initialClassValues: { level: 0.5 },
    prepare: (ops, { cosTarget, labels, ofClass }) => {
      const own = ops.sumOfClass(ops.constant(1), labels);
      const mean = ops.div(ops.sumOfClass(cosTarget, labels), own);
      const level = ema(ops, ofClass.level!, clamped(ops, mean), ops.constant(0.4));
      const scale = ops.add(ops.constant(4), ops.mul(ops.constant(2), ofClass.level!));
      return {
        sampleValues: sampleValuesOf(ops, ops.constant(0.2)),
        next: {},
        nextOfClass: { level },
        scale,
      };
    },
  },
};

/** Of a class: some number in about [−1, 1]. */
export const levelOf = (label: number): number => Math.fround(Math.sin(3 * label + 1));

/** How logits come to a loss. */
export const DRAWN_OBJECTIVES: Readonly<Record<string, Objective>> = {
  softmax: softmaxObjective,
  smoothed: smoothedSoftmax(0.15),
  binary: binaryObjective({ positiveWeight: 0.8, negativeWeight: 0.3, biasSign: 1 }),
  'binary, bounded': binaryObjective({ positiveWeight: 1, negativeWeight: 0.7, biasSign: -1, bound: 3 }),
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
