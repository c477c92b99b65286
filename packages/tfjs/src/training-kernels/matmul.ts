import * as tf from '@tensorflow/tfjs-core';
import { composed, type KernelRun, type TrainingKernel } from './kernel.ts';

interface Inputs {
  readonly a: tf.Tensor;
  readonly b: tf.Tensor;
}

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

type Run = KernelRun<Inputs, Attributes>;

/**
 * A product with a transposed matrix, which the gradients of a dense layer are, as a product with a copy that is
 * transposed beforehand: the backend multiplies transposed matrices without its fast routine.
 *
 * The backend also keeps the right-hand matrix packed for as long as its numbers live, and takes that for a later product
 * of the same numbers in another shape, so a reshaped tensor would be read past its end: such a product gets a copy.
 */
export const matMul: TrainingKernel = {
  name: tf.BatchMatMul,
  kind: 'faster',
  create: (original) => {
    const packedShapes = new WeakMap<object, string>();
    const isPackedOtherwise = ({ inputs: { b }, attrs }: Run): boolean => {
      if (attrs.transposeA || attrs.transposeB) return false;
      const packed = packedShapes.get(b.dataId) ?? `${b.shape}`;
      packedShapes.set(b.dataId, packed);
      return packed !== `${b.shape}`;
    };
    return composed(product, { original, covers: (run) => isTransposed(run) || isPackedOtherwise(run) });
  },
};

function isTransposed({ inputs: { a, b }, attrs }: Run): boolean {
  const isFloat = a.dtype === 'float32' && b.dtype === 'float32';
  return (
    isFloat && a.rank === b.rank && batch(a) === 1 && batch(b) === 1 && (attrs.transposeA || attrs.transposeB)
  );
}

function product({ inputs: { a, b }, attrs }: Run): tf.Tensor {
  return tf.matMul(attrs.transposeA ? swapped(a) : a, attrs.transposeB ? swapped(b) : copied(b));
}

function copied(x: tf.Tensor): tf.Tensor {
  return tf.slice(x, new Array<number>(x.rank).fill(0), x.shape);
}

/** The last two axes in each other's place; the others are of length 1. */
function swapped(x: tf.Tensor): tf.Tensor {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return tf.reshape(tf.transpose(tf.reshape(x, [rows, columns])), [...x.shape.slice(0, -2), columns, rows]);
}

function batch(x: tf.Tensor): number {
  return tf.util.sizeFromShape(x.shape.slice(0, -2));
}
