import { requireRange } from '../errors/check-options.ts';
import { OptionOutOfRangeError } from '../errors/errors.ts';
import { NON_NEGATIVE, requirePublished } from '../errors/published-domain.ts';
import { ANGULAR_OPTIONS } from '../margin/check-angular-options.ts';
import { type ArcFaceOptions, arcFace } from './arc-face.ts';
import { type LossFactory, lossFactory } from './loss-factory.ts';

export interface DynamicArcFaceOptions extends Omit<ArcFaceOptions, 'margin'> {
  /** n_c, the pictures of each class in the training data, in the order of the labels: [C], each an integer ≥ 1. */
  readonly counts: ArrayLike<number>;
  /** a ≥ 0, in radians: what a class of one picture has more than a very large one; unsafe any finite a. Default 0.5. */
  readonly a?: number;
  /** b ≥ 0, in radians: the margin of a very large class; unsafe any finite b. Default 0.05. */
  readonly b?: number;
  /** λ, how fast the margin falls with the pictures, 0 ≤ λ ≤ 1. Default 0.25. */
  readonly lambda?: number;
}

/**
 * ArcFace with dynamic margins (Ha et al. 2020, eq. 2): m_c = a·n_c^−λ + b, so that classes with few pictures are kept further
 * apart.
 *
 * @throws OptionOutOfRangeError also for a class without pictures
 */
export const dynamicArcFace: LossFactory<DynamicArcFaceOptions, readonly [options: DynamicArcFaceOptions]> =
  /* #__PURE__ */ lossFactory(
    'dynamic-arcface',
    { scale: 'number', ...ANGULAR_OPTIONS, a: 'number', b: 'number', lambda: 'number', counts: 'table' },
    (options) => {
      const { a = 0.5, b = 0.05, lambda = 0.25, counts, ...arc } = options;
      requirePublished('a', a, { published: NON_NEGATIVE }, options);
      requirePublished('b', b, { published: NON_NEGATIVE }, options);
      requireRange('lambda', lambda, 0, 1);
      if (!(a + b < Math.PI)) {
        const fix = 'give a and b in radians, as 0.5 and 0.05 are.';
        throw new OptionOutOfRangeError('a + b', a + b, 'a margin under π for a class of one picture', fix);
      }
      if (counts === undefined || counts === null || !(counts.length > 0)) {
        const fix = 'give the number of pictures of every class, in the order of the labels.';
        throw new OptionOutOfRangeError('counts', counts, 'a table of at least one class', fix);
      }
      const margin = Float64Array.from(counts, (count, c) => {
        if (Number.isInteger(count) && count >= 1) return a * count ** -lambda + b;
        const fix = 'leave classes without pictures out, and number the others anew (buildLabelMap).';
        throw new OptionOutOfRangeError(`counts[${c}]`, count, 'an integer ≥ 1', fix);
      });
      return { ...arcFace({ ...arc, margin }), name: 'dynamic-arcface' };
    },
  );
