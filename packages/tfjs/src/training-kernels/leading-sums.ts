import * as tf from '@tensorflow/tfjs-core';
import { composed, type KernelRun, type TrainingKernel } from './kernel.ts';

type Run = KernelRun<
  { readonly x: tf.Tensor },
  { readonly axis: number | number[]; readonly keepDims?: boolean }
>;

/** Sums over the leading axes; the backend's own kernel transposes the tensor first. */
export const sum: TrainingKernel = leading(tf.Sum, (x) => tf.mul(columnMeans(x), x.shape[0]));

/** Means over the leading axes. */
export const mean: TrainingKernel = leading(tf.Mean, columnMeans);

function leading(name: string, reduce: (x: tf.Tensor2D) => tf.Tensor): TrainingKernel {
  const create: TrainingKernel['create'] = (original) =>
    composed((run) => reduced(run, reduce), { original, covers });
  return { name, kind: 'faster', create };
}

/** Number of leading axes that are reduced; 0 if others are, or all of them, or none. */
function leadingAxes({ inputs: { x }, attrs: { axis } }: Run): number {
  const axes = tf.util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
  return axes.every((value, i) => value === i) && axes.length < x.rank ? axes.length : 0;
}

function covers(run: Run): boolean {
  const { x } = run.inputs;
  const leading = leadingAxes(run);
  const [rows, columns] = [
    tf.util.sizeFromShape(x.shape.slice(0, leading)),
    tf.util.sizeFromShape(x.shape.slice(leading)),
  ];
  return x.dtype === 'float32' && leading > 0 && rows > 1 && columns > 1;
}

function reduced(run: Run, reduce: (x: tf.Tensor2D) => tf.Tensor): tf.Tensor {
  const { x } = run.inputs;
  const leading = leadingAxes(run);
  const rest = x.shape.slice(leading);
  const shape = run.attrs.keepDims ? [...new Array<number>(leading).fill(1), ...rest] : rest;
  return tf.reshape(reduce(tf.reshape(x, [-1, tf.util.sizeFromShape(rest)])), shape);
}

/**
 * Means of the columns of [rows, C], by pooling: [C] numbers. In two levels of about √rows terms each, so that float32
 * does not lose what one running sum of all rows would.
 */
function columnMeans(x: tf.Tensor2D): tf.Tensor {
  const [rows, columns] = x.shape;
  const groups = largestFactor(rows);
  const partial = pooled(tf.reshape(x, [groups, rows / groups, 1, columns]));
  return groups === 1 ? partial : pooled(tf.reshape(partial, [1, groups, 1, columns]));
}

function pooled(x: tf.Tensor4D): tf.Tensor4D {
  return tf.avgPool(x, [x.shape[1], 1], 1, 'valid');
}

/** The largest factor of n up to √n. */
function largestFactor(n: number): number {
  for (let factor = Math.floor(Math.sqrt(n)); factor > 1; factor--) if (n % factor === 0) return factor;
  return 1;
}
