import type { TensorOps } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { atan, cos, expm1, log1p, sin } from './elementary.ts';
import { select } from './select.ts';

/**
 * The tensor reading: formulas run as TensorFlow.js operations, in float32, on the backend that is active.
 *
 * Truth values are tensors of dtype `bool`. Operands broadcast as TensorFlow.js does: a scalar against everything,
 * and one entry a sample, [B], against a tile with the samples in its last axis, [classes, B].
 * Tensors that a formula makes on its way are the caller's to free, with `tf.tidy`.
 */
export const tfOps: TensorOps<tf.Tensor, tf.Tensor> = {
  constant: (value) => tf.scalar(value, 'float32'),
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
  neg: (a) => tf.neg(a),
  abs: (a) => tf.abs(a),
  min: (a, b) => tf.minimum(a, b),
  max: (a, b) => tf.maximum(a, b),
  sqrt: (a) => tf.sqrt(a),
  exp: (a) => tf.exp(a),
  expm1,
  log: (a) => tf.log(a),
  log1p,
  sin,
  cos,
  atan,
  greater: (a, b) => tf.greater(a, b),
  and: (a, b) => tf.logicalAnd(a, b),
  or: (a, b) => tf.logicalOr(a, b),
  not: (a) => tf.logicalNot(a),
  select,
};
