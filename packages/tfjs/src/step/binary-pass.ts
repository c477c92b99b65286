import { type BinaryObjective, binaryTerms } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { tileOps } from '../ops/tile-ops.ts';
import { biasRows } from './class-rows.ts';
import { ownClasses, type TileSource, type TileStream } from './class-tiles.ts';
import { NegativeGradients } from './negative-gradients.ts';
import { addSeen, nothingSeen, othersOf, type Seen } from './seen.ts';
import type { StepOptions } from './step-input.ts';

/** What one pass over the classes finds of a binary objective. */
export type BinaryPass = {
  readonly seen: Seen;
  /** Where slopes were given. */
  readonly gradients: NegativeGradients | undefined;
};

/**
 * A pass of a binary objective: what the negatives add to the losses and, with ∂loss/∂ℓ_i at hand, [B], the gradients,
 * g_ij = dNll_i·∂ℓ_i/∂z_ij. Where it is at hand from the start, one pass is all.
 */
export function binaryPass(
  source: TileSource,
  stream: TileStream,
  dNll: tf.Tensor | undefined,
  options: Pick<StepOptions, 'countNegatives' | 'nearest' | 'inspect'>,
): BinaryPass {
  const { loss, labels, bias, prepared } = source;
  const objective = loss.objective as BinaryObjective;
  const gradients = dNll && new NegativeGradients(source);
  let seen = nothingSeen(loss, labels.shape[0], options);
  for (let index = 0; index < stream.count; index++) {
    const tile = stream.tile(index);
    const before = seen;
    const { after, slopes } = tf.tidy(() => {
      const own = ownClasses(labels, tile);
      const ofTile = bias && biasRows(bias, tile.start, tile.size);
      const pair = binaryTerms(tileOps(), objective, tile.negative, prepared.logitScale, ofTile);
      return {
        after: addSeen(before, source, tile, { own, sums: { loss: pair.loss } }),
        slopes: dNll && {
          gradient: tf.mul(tf.mul(pair.dLogit, othersOf(own)), dNll),
          ...(options.inspect ? { logits: tf.clone(pair.logit) } : {}),
        },
      };
    });
    if (slopes) gradients!.add(index, tile, slopes);
    tf.dispose([before, slopes ?? []]);
    seen = after;
  }
  return { seen, gradients };
}
