import * as tf from '@tensorflow/tfjs-core';
import { select } from './select.ts';

/**
 * The backends differ in what they call sin, atan, log1p and expm1. WebGPU promises eleven bits of a sine; some
 * backends take log(1 + x) and e^x − 1, which have no digits left near 0. These are made of operations that all
 * backends round well. They run on what there is one of a sample, so their cost does not matter.
 */

/** The sine of an angle in radians, |x| < 10³: absolute error under 2·10⁻⁷. */
export function sin(x: tf.Tensor): tf.Tensor {
  return sineOfQuadrant(x, 0);
}

/** The cosine of an angle in radians, |x| < 10³: absolute error under 2·10⁻⁷. */
export function cos(x: tf.Tensor): tf.Tensor {
  return sineOfQuadrant(x, 1);
}

/** π/2 in three parts: products of the first with small integers are exact (Cody and Waite). */
const HALF_PI = [1.5703125, 4.837512969970703e-4, 7.549789948768648e-8] as const;

/** sin(x + quadrants·π/2): the angle is brought into [−π/4, π/4], where both series are short. */
function sineOfQuadrant(x: tf.Tensor, quadrants: number): tf.Tensor {
  const turns = tf.floor(tf.add(tf.mul(x, tf.scalar(2 / Math.PI)), tf.scalar(0.5)));
  const r = HALF_PI.reduce<tf.Tensor>((rest, part) => tf.sub(rest, tf.mul(turns, tf.scalar(part))), x);
  const square = tf.square(r);
  const sine = tf.mul(r, polynomial(square, [1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1]));
  const cosine = polynomial(square, [-1 / 3628800, 1 / 40320, -1 / 720, 1 / 24, -1 / 2, 1]);
  const quadrant = tf.add(turns, tf.scalar(quadrants));
  const halves = tf.floor(tf.mul(quadrant, tf.scalar(0.5)));
  const sign = tf.sub(tf.scalar(1), tf.mul(isOdd(halves), tf.scalar(2)));
  return tf.mul(select(tf.greater(isOdd(quadrant), tf.scalar(0.5)), cosine, sine), sign);
}

/** 1 for odd integers, 0 for even ones. */
function isOdd(n: tf.Tensor): tf.Tensor {
  return tf.sub(n, tf.mul(tf.scalar(2), tf.floor(tf.mul(n, tf.scalar(0.5)))));
}

/**
 * The arc tangent in radians: relative error under 5·10⁻⁷.
 *
 * Of 1/x where |x| > 1, then halved twice by atan x = 2·atan(x/(1 + √(1 + x²))), which leaves |x| < 0.2.
 */
export function atan(x: tf.Tensor): tf.Tensor {
  const one = tf.scalar(1);
  const steep = tf.greater(tf.abs(x), one);
  const slope = select(steep, tf.div(one, select(steep, x, one)), x);
  const halved = (v: tf.Tensor): tf.Tensor => tf.div(v, tf.add(one, tf.sqrt(tf.add(one, tf.square(v)))));
  const quarter = halved(halved(slope));
  const series = [-1 / 11, 1 / 9, -1 / 7, 1 / 5, -1 / 3, 1];
  const angle = tf.mul(tf.mul(quarter, tf.scalar(4)), polynomial(tf.square(quarter), series));
  // Its sign, where |x| > 1: tfjs 4.0 has no Sign on wasm.
  const sign = tf.clipByValue(x, -1, 1);
  return select(steep, tf.sub(tf.mul(sign, tf.scalar(Math.PI / 2)), angle), angle);
}

/**
 * log(1 + x) for x > −1: relative error under 5·10⁻⁷.
 *
 * Between −½ and 1 as 2·artanh(s), s = x/(2 + x), |s| ≤ 1/3: the series ends where its rest is under 2·10⁻⁹.
 */
export function log1p(x: tf.Tensor): tf.Tensor {
  const one = tf.scalar(1);
  const near = tf.maximum(tf.minimum(x, one), tf.scalar(-0.5));
  const s = tf.div(near, tf.add(near, tf.scalar(2)));
  const series = [15, 13, 11, 9, 7, 5, 3, 1].map((n) => 1 / n);
  const small = tf.mul(tf.mul(s, tf.scalar(2)), polynomial(tf.square(s), series));
  return select(tf.equal(near, x), small, tf.log(tf.add(x, one)));
}

/** e^x − 1: relative error under 5·10⁻⁷; near 0 as a series whose rest is under 10⁻⁸. */
export function expm1(x: tf.Tensor): tf.Tensor {
  const half = tf.scalar(0.5);
  const near = tf.maximum(tf.minimum(x, half), tf.neg(half));
  // 1 + x/2 + x²/6 + …, the factorials growing to 9!.
  const series = [362880, 40320, 5040, 720, 120, 24, 6, 2, 1].map((factorial) => 1 / factorial);
  const small = tf.mul(near, polynomial(near, series));
  return select(tf.equal(near, x), small, tf.sub(tf.exp(x), tf.scalar(1)));
}

/** Horner's scheme, the highest power first. */
function polynomial(x: tf.Tensor, coefficients: readonly number[]): tf.Tensor {
  const [highest, ...rest] = coefficients;
  return rest.reduce<tf.Tensor>(
    (sum, coefficient) => tf.add(tf.mul(sum, x), tf.scalar(coefficient)),
    tf.fill(x.shape, highest!, 'float32'),
  );
}
