import type { ReducedSamples } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { ownClasses, type TileSource, type TileStream } from './class-tiles.ts';
import type { LogSumExp } from './log-sum-exp.ts';
import { NegativeGradients, type PairSlopes } from './negative-gradients.ts';
import { othersOf } from './seen.ts';

/**
 * Pass 2 of a softmax: g_ij = dNll_i·(p_ij − ε/C).
 *
 * The negatives share 1 − p between them, so p adds up to 1, and no digit is lost to the size of the log-sum-exp. Tiles come
 * in reverse, so that the last one of pass 1 need not be made again.
 */
export function secondPass(
  source: TileSource,
  stream: TileStream,
  { dNll, miss }: ReducedSamples<tf.Tensor>,
  negatives: LogSumExp,
  inspect: boolean,
): NegativeGradients {
  const { loss, labels, prepared, classes } = source;
  const smoothing = loss.objective.kind === 'softmax' ? loss.objective.labelSmoothing : 0;
  /** What e^{z − max} of a negative is multiplied by: [B]. */
  const share = tf.div(tf.mul(dNll, miss), negatives.sum);
  const uniform = tf.mul(dNll, tf.scalar(smoothing / classes));
  const gradients = new NegativeGradients(source);
  for (let index = stream.count - 1; index >= 0; index--) {
    const tile = stream.tile(index);
    const slopes: PairSlopes = tf.tidy(() => {
      const { exp, shift } = tile.exponentials!;
      const gradient = tf.mul(exp, tf.mul(share, tf.exp(tf.sub(shift, negatives.max))));
      return {
        gradient:
          smoothing === 0 ? gradient : tf.sub(gradient, tf.mul(othersOf(ownClasses(labels, tile)), uniform)),
        ...(inspect ? { logits: tf.mul(tile.negative.value, prepared.logitScale) } : {}),
      };
    });
    gradients.add(index, tile, slopes);
    tf.dispose(slopes);
  }
  return gradients;
}
