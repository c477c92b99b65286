import { COSINE_BOUND, type Geometry } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { select } from '../ops/select.ts';
import { ownRows } from './class-rows.ts';
import { plainRows, type UnitRows, unitRows } from './unit-rows.ts';

/** Where each sample stands to its own class: O(B·d). */
export interface TargetPoints {
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
}

/** Cosine, sine and tangents of every sample with its own class; b is [C, 1]. */
export function targetPoints(
  geometry: Geometry,
  x: UnitRows,
  weights: tf.Tensor,
  bias: tf.Tensor | undefined,
  labels: tf.Tensor1D,
): TargetPoints {
  const own = ownRows(weights, labels);
  if (geometry !== 'inner') return cosinePoints(x, unitRows(own));
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

/**
 * Near cos θ = ±1 neither 1 − cos² nor ŵ − cos·x̂ has digits left in float32, so both come from d = x̂ − ŵ and
 * m = x̂ + ŵ: sin θ = ½‖d‖‖m‖; 1 − cos = ½‖d‖², and ŵ − cos·x̂ = (1 − cos)·x̂ − d (with m where cos is negative).
 */
function cosinePoints(x: UnitRows, w: UnitRows): TargetPoints {
  const zero = tf.scalar(0);
  const alive = tf.logicalAnd(tf.greater(x.inverse, zero), tf.greater(w.inverse, zero));
  const product = tf.sum(tf.mul(x.unit, w.unit), 1, true);
  const difference = tf.sub(x.unit, w.unit);
  const middle = tf.add(x.unit, w.unit);
  const differences = tf.sum(tf.square(difference), 1, true);
  const sums = tf.sum(tf.square(middle), 1, true);
  const sine = tf.minimum(tf.scalar(1), tf.mul(tf.scalar(0.5), tf.sqrt(tf.mul(differences, sums))));

  const near = tf.greaterEqual(product, zero);
  const rest = tf.mul(tf.scalar(0.5), select(near, differences, sums));
  const tangent = (unit: tf.Tensor, towards: tf.Tensor): tf.Tensor => {
    const along = tf.mul(rest, unit);
    const exact = select(near, tf.add(along, towards), tf.sub(middle, along));
    return tf.mul(exact, tf.cast(alive, 'float32'));
  };
  return {
    cos: tf.reshape(tf.clipByValue(product, -COSINE_BOUND, COSINE_BOUND), [-1]),
    sin: tf.reshape(select(alive, sine, tf.scalar(1)), [-1]),
    tangentX: tangent(x.unit, tf.neg(difference)),
    tangentW: tangent(w.unit, difference),
    inverseW: w.inverse,
  };
}
