import { type Geometry, targetAngle, targetTangent } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { tfOps } from '../ops/tf-ops.ts';
import { ownRows } from './class-rows.ts';
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
};

/** Cosine, sine and tangents of every sample with its own class; b is [C, 1]. */
export function targetPoints(
  geometry: Geometry,
  x: UnitRows,
  weights: tf.Tensor,
  bias: tf.Tensor | undefined,
  labels: tf.Tensor1D,
): TargetPoints {
  const own = ownRows(weights, labels);
  if (geometry !== 'inner') return tf.tidy(() => cosinePoints(x, unitRows(own)));
  const w = plainRows(own);
  const product = tf.sum(tf.mul(x.unit, w.unit), 1);
  return {
    cos: bias === undefined ? product : tf.add(product, tf.reshape(tf.gather(bias, labels), [-1])),
    sin: tf.zerosLike(product),
    tangentX: w.unit,
    tangentW: x.unit,
    inverseW: w.inverse,
  };
}

/** By the sums and differences of unit vectors, which keep their digits near cos θ = ±1 ({@link targetAngle}). */
function cosinePoints(x: UnitRows, w: UnitRows): TargetPoints {
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
