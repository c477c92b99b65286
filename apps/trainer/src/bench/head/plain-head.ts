import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of operations.
import '@tensorflow/tfjs-layers';

const SCALE = 64;
/** In radians. */
const MARGIN = 0.5;

/**
 * CurricularFace as one writes it with the operations of TensorFlow.js, for comparison: normalise, one product for all
 * logits, [B, C], `where` on the hard mask and on the one-hot labels, softmax cross-entropy, gradients by autodiff. The
 * masks are detached, since comparisons have no gradient.
 *
 * @param t the running average, as it is used; scalar
 * @returns the mean loss; a function of embeddings [B, d] and weights [C, d]
 */
export function plainCurricularFace(
  embeddings: tf.Tensor2D,
  weights: tf.Tensor2D,
  labels: tf.Tensor1D,
  t: tf.Scalar,
): tf.Scalar {
  const [classes] = weights.shape;
  const x = tf.div(embeddings, tf.norm(embeddings, 2, 1, true)) as tf.Tensor2D;
  const w = tf.div(weights, tf.norm(weights, 2, 1, true)) as tf.Tensor2D;
  const cosines = tf.clipByValue(tf.matMul(x, w, false, true), -1, 1);
  const oneHot = tf.cast(tf.oneHot(labels, classes), 'float32');
  const target = tf.sum(tf.mul(cosines, oneHot), 1, true);
  const sine = tf.sqrt(tf.maximum(tf.sub(1, tf.square(target)), 1e-12));
  const shifted = tf.sub(tf.mul(target, Math.cos(MARGIN)), tf.mul(sine, Math.sin(MARGIN)));
  const others = tf.where(above(cosines, shifted), tf.mul(cosines, tf.add(cosines, t)), cosines);
  // Spread by a product: what `where` broadcasts it tiles, which takes minutes on wasm.
  const logits = tf.where(tf.cast(oneHot, 'bool'), tf.mul(oneHot, shifted), others);
  return tf.losses.softmaxCrossEntropy(oneHot, tf.mul(logits, SCALE)) as tf.Scalar;
}

/** Where a cosine is above its row's pivot, without gradient. */
function above(cosines: tf.Tensor, pivot: tf.Tensor): tf.Tensor {
  const mask = tf.customGrad<tf.Tensor>((...args) => {
    const [c, p] = args as tf.Tensor[];
    return { value: tf.greater(c!, p!), gradFunc: () => [tf.zerosLike(c!), tf.zerosLike(p!)] };
  });
  return mask(cosines, pivot);
}
