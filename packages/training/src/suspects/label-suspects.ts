import { checkLabels, type FloatArray, NORM_FLOOR, requireRange, ShapeMismatchError } from '@cf/core';

/** Embeddings of the samples that were trained on. */
export interface LabelledEmbeddings {
  /** [N, d]. */
  readonly embeddings: FloatArray;
  /** The classes that they were trained as, integers in [0, C), as numbers or bigint: [N]. */
  readonly labels: ArrayLike<number | bigint>;
  /** d. */
  readonly dim: number;
}

/** Class centers as a training has them. */
export interface SubCenters {
  /** Row c·K + k is sub-center k of class c: [C·K, d]. */
  readonly centers: FloatArray;
  /** K. */
  readonly subCenters: number;
}

/** A sample far from its class. */
export interface LabelSuspect {
  /** Which of the samples. */
  readonly sample: number;
  /** To its class's dominant center, in radians. */
  readonly angle: number;
  /** The class whose dominant center is nearest, but for its own, and the angle to it; undefined with one class. */
  readonly nearest: { readonly label: number; readonly angle: number } | undefined;
}

/** Where samples stand to the dominant centers. */
export interface LabelSuspects {
  /** Of each class, which of its K centers is the dominant one: [C]. */
  readonly dominant: Int32Array;
  /** Of each sample to its class's dominant center, in radians: [N]. */
  readonly angles: Float64Array;
  /** Samples with an angle larger than the given one; the largest angle first. */
  readonly suspects: readonly LabelSuspect[];
}

/**
 * Of each class the center that most of its samples are nearest to, of equal ones the first (Deng et al. 2020, Sub-center
 * ArcFace, section 3.3); the first as well for a class without samples.
 *
 * @returns [C]
 * @throws ShapeMismatchError, LabelOutOfRangeError
 */
export function dominantCenters(samples: LabelledEmbeddings, of: SubCenters): Int32Array {
  const { dim } = samples;
  const { subCenters } = of;
  const labels = checkedLabels(samples, of);
  const [x, w] = [unitVectors(samples.embeddings, dim), unitVectors(of.centers, dim)];
  const classes = w.length / (dim * subCenters);
  const counts = new Int32Array(classes * subCenters);
  for (let i = 0; i < labels.length; i++) {
    const from = labels[i]! * subCenters;
    const cosines = Array.from({ length: subCenters }, (_, k) => dot(x, i, w, from + k, dim));
    counts[from + firstLargest(cosines)]!++;
  }
  return Int32Array.from({ length: classes }, (_, c) =>
    firstLargest(counts.subarray(c * subCenters, (c + 1) * subCenters)),
  );
}

/**
 * Samples whose label is probably wrong: those further than an angle from the dominant center of their class (Deng et al.
 * 2020, section 3.3, where the angle is 75°).
 *
 * @param angle in radians, 0 ≤ angle ≤ π
 * @throws OptionOutOfRangeError, ShapeMismatchError, LabelOutOfRangeError
 */
export function labelSuspects(samples: LabelledEmbeddings, of: SubCenters, angle: number): LabelSuspects {
  requireRange('angle', angle, 0, Math.PI);
  const { dim } = samples;
  const labels = checkedLabels(samples, of);
  const dominant = dominantCenters(samples, of);
  const [x, w] = [unitVectors(samples.embeddings, dim), unitVectors(of.centers, dim)];
  const angleTo = (i: number, c: number): number =>
    Math.acos(Math.max(-1, Math.min(1, dot(x, i, w, c * of.subCenters + dominant[c]!, dim))));
  const angles = Float64Array.from({ length: labels.length }, (_, i) => angleTo(i, labels[i]!));
  const nearest = (i: number): LabelSuspect['nearest'] => {
    let found: LabelSuspect['nearest'];
    for (let c = 0; c < dominant.length; c++) {
      if (c === labels[i]) continue;
      const to = angleTo(i, c);
      if (found === undefined || to < found.angle) found = { label: c, angle: to };
    }
    return found;
  };
  const far = [...angles.keys()].filter((i) => angles[i]! > angle).sort((a, b) => angles[b]! - angles[a]!);
  const suspects = far.map((i) => ({ sample: i, angle: angles[i]!, nearest: nearest(i) }));
  return { dominant, angles, suspects };
}

function checkedLabels({ embeddings, labels, dim }: LabelledEmbeddings, of: SubCenters): Int32Array {
  if (embeddings.length !== labels.length * dim)
    throw new ShapeMismatchError(`embeddings of length ${embeddings.length}`, `[${labels.length}, ${dim}]`);
  const classes = of.centers.length / (of.subCenters * dim);
  if (Number.isInteger(classes)) return checkLabels(labels, classes, dim);
  throw new ShapeMismatchError(`centers of length ${of.centers.length}`, `[C·${of.subCenters}, ${dim}]`);
}

/** Rows of length 1; a row of zeros stays one. */
function unitVectors(rows: FloatArray, dim: number): Float64Array {
  const out = Float64Array.from(rows);
  for (let from = 0; from < out.length; from += dim) {
    const row = out.subarray(from, from + dim);
    const norm = Math.max(Math.hypot(...row), NORM_FLOOR);
    for (let k = 0; k < dim; k++) row[k]! /= norm;
  }
  return out;
}

function dot(a: Float64Array, i: number, b: Float64Array, j: number, dim: number): number {
  let sum = 0;
  for (let k = 0; k < dim; k++) sum += a[i * dim + k]! * b[j * dim + k]!;
  return sum;
}

function firstLargest(values: ArrayLike<number>): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[at]!) at = i;
  return at;
}
