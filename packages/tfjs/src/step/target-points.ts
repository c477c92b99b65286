import { type Geometry, targetAngle, targetTangent } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { tfOps } from '../ops/tf-ops.ts';
import { ownRows } from './class-rows.ts';
import type { StepInput } from './step-input.ts';
import { nearestOf } from './sub-centers.ts';
import { plainRows, type UnitRows, unitRows } from './unit-rows.ts';

/** Where each sample stands to its own class: O(B·d). */
export type TargetPoints = {
  /** cos θ_y, or x·w_y + b: [B]. */
  readonly cos: tf.Tensor;
  /** sin θ_y, 0 where the geometry is `inner`: [B]. */
  readonly sin: tf.Tensor;
  /** ŵ_y − cos θ_y·x̂, the direction in which the cosine grows, without cancellation: [B, d]. */
  readonly tangentX: tf.Tensor;
  /** x̂ − cos θ_y·ŵ_y: [B, d]. */
  readonly tangentW: tf.Tensor;
  /** 1/‖w_y‖ of {@link unitRows}: [B, 1]. */
  readonly inverseW: tf.Tensor;
  /** The row of W that w_y is: that of the class, or of its nearest sub-center; int32: [B]. */
  readonly rows: tf.Tensor1D;
};

/** What {@link targetPoints} is given. */
export interface TargetPointsInput extends Pick<StepInput, 'weights' | 'labels'> {
  readonly geometry: Geometry;
  readonly x: UnitRows;
  /** b of each sample's class, which only the geometry `inner` reads: [B]. */
  readonly bias: tf.Tensor | undefined;
  /** K. */
  readonly subCenters: number;
}

/** Cosine, sine and tangents of every sample with its own class. */
export function targetPoints(input: TargetPointsInput): TargetPoints {
  const { geometry, x, weights, bias } = input;
  const rows = tf.tidy(() => nearestRows(input));
  const own = ownRows(weights, rows);
  if (geometry !== 'inner') return { ...tf.tidy(() => cosinePoints(x, unitRows(own))), rows };
  const w = plainRows(own);
  const product = tf.sum(tf.mul(x.unit, w.unit), 1);
  return {
    rows,
    cos: bias === undefined ? product : tf.add(product, bias),
    sin: tf.zerosLike(product),
    tangentX: w.unit,
    tangentW: x.unit,
    inverseW: w.inverse,
  };
}

/** Which row of its own class has the largest product with each sample; of equal ones the first: int32, [B]. */
function nearestRows({ geometry, x, weights, labels, subCenters }: TargetPointsInput): tf.Tensor1D {
  if (subCenters === 1) return tf.clone(labels);
  const first = tf.mul(labels, tf.scalar(subCenters, 'int32'));
  const products = Array.from({ length: subCenters }, (_, k) => {
    const rows = ownRows(weights, tf.add(first, tf.scalar(k, 'int32')));
    const { unit } = (geometry === 'inner' ? plainRows : unitRows)(rows);
    return tf.sum(tf.mul(x.unit, unit), 1);
  });
  const { winners } = nearestOf(tf.stack(products), subCenters);
  return tf.add(first, tf.cast(tf.reshape(winners!, [-1]), 'int32'));
}

/** By the sums and differences of unit vectors, which keep their digits near cos θ = ±1 ({@link targetAngle}). */
function cosinePoints(x: UnitRows, w: UnitRows): Omit<TargetPoints, 'rows'> {
  const zero = tf.scalar(0);
  const alive = tf.logicalAnd(tf.greater(x.inverse, zero), tf.greater(w.inverse, zero));
  const overRow = (values: tf.Tensor): tf.Tensor => tf.sum(values, 1, true);
  const angle = targetAngle(tfOps, {
    product: overRow(tf.mul(x.unit, w.unit)),
    differences: overRow(tf.square(tf.sub(x.unit, w.unit))),
    sums: overRow(tf.square(tf.add(x.unit, w.unit))),
    alive,
  });
  const tangent = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
    tf.mul(targetTangent(tfOps, angle, a, b), tf.cast(alive, 'float32'));
  return {
    cos: tf.reshape(angle.cos, [-1]),
    sin: tf.reshape(angle.sin, [-1]),
    tangentX: tangent(x.unit, w.unit),
    tangentW: tangent(w.unit, x.unit),
    inverseW: w.inverse,
  };
}
