import {
  type BiasParameter,
  type Geometry,
  type MarginLoss,
  type MarginLossParts,
  marginLoss,
  OptionOutOfRangeError,
  withWeighting,
} from '@cf/core';
import fc from 'fast-check';
import {
  DRAWN_MARGINS,
  DRAWN_MODULATIONS,
  DRAWN_OBJECTIVES,
  DRAWN_STATES,
  DRAWN_WEIGHTINGS,
  levelOf,
  MEAN_SQUARE,
} from './drawn-parts.ts';

/** A loss in the names of its parts, so that a counterexample reads as one line. */
export interface LossSpec {
  readonly geometry: Geometry;
  readonly scale: number;
  readonly bias: 'none' | BiasParameter['of'];
  /** w of the whole. */
  readonly lossWeight: number;
  readonly objective: string;
  readonly margin: string;
  readonly modulation: string;
  readonly state: string;
  readonly regulariser: boolean;
  readonly weighting: string;
}

const regulariser: MarginLossParts['regulariser'] = (ops, norm) => {
  const inverse = ops.div(ops.constant(1), norm);
  const value = ops.add(ops.mul(ops.constant(0.01), norm), inverse);
  return { value, dNorm: ops.sub(ops.constant(0.01), ops.mul(inverse, inverse)) };
};

/**
 * The loss of a specification.
 *
 * @param classes C of the problems that it is for.
 * @throws OptionOutOfRangeError where its parts have no meaning together
 */
export function drawnLoss(spec: LossSpec, classes: number): MarginLoss {
  const { geometry, scale, bias, lossWeight } = spec;
  const loss = marginLoss({
    name: 'drawn',
    geometry,
    scale,
    lossWeight,
    objective: DRAWN_OBJECTIVES[spec.objective]!,
    ...(bias === 'none' ? {} : { bias: { of: bias, start: () => 0 } }),
    margin: DRAWN_MARGINS[spec.margin]!,
    modulation: DRAWN_MODULATIONS[spec.modulation]!,
    sampleValueNames: ['t', 'margin', 'lambda'],
    ...DRAWN_STATES[spec.state],
    ...(spec.state === 'a table of classes'
      ? { classValues: { level: Array.from({ length: classes }, (_, label) => levelOf(label)) } }
      : {}),
    ...(spec.margin === 'by the negatives' ? { negativeSums: MEAN_SQUARE } : {}),
    ...(spec.regulariser ? { regulariser } : {}),
  });
  const weighting = DRAWN_WEIGHTINGS[spec.weighting];
  return weighting === undefined ? loss : withWeighting(loss, weighting);
}

/** Whether marginLoss takes it. */
export function isAccepted(spec: LossSpec): boolean {
  try {
    drawnLoss(spec, 3);
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
        bias: fc.constantFrom('none', 'each class', 'all classes'),
        lossWeight: fc.constantFrom(1, 1, 0.5, 3),
        objective: nameOf(DRAWN_OBJECTIVES),
        margin: nameOf(DRAWN_MARGINS),
        modulation: nameOf(DRAWN_MODULATIONS),
        state: nameOf(DRAWN_STATES),
        regulariser: fc.boolean(),
        weighting: nameOf(DRAWN_WEIGHTINGS),
      })
      .filter(isAccepted);
  return fc.oneof(...geometries.map(of));
}
