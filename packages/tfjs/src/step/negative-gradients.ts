import { biasSlope } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { acrossRows } from '../ops/across-rows.ts';
import { transposedProduct } from '../ops/multiply.ts';
import { sumOverRows } from '../ops/sum-over-rows.ts';
import { tfOps } from '../ops/tf-ops.ts';
import type { ClassTile, TileSource } from './class-tiles.ts';
import { ofWinners } from './sub-centers.ts';
import { perLengthUnit } from './unit-rows.ts';

/** ∂loss by the logits of a tile, 0 for targets, and the logits where they are inspected: [n, B]. */
export type PairSlopes = {
  readonly gradient: tf.Tensor;
  readonly logits?: tf.Tensor;
};

/** What belongs to the classes of one tile. */
export type TileGradients = {
  /** [n·K, d]. */
  readonly weights: tf.Tensor;
  /** [n], where the loss has a bias. */
  readonly bias?: tf.Tensor;
  /** [n, B], where inspected. */
  readonly logits?: tf.Tensor;
  /** [n, B], where inspected. */
  readonly gradLogits?: tf.Tensor;
};

/** What runs along with the tiles. */
type SampleSums = {
  /** Σ_j slope_ij·w_j·inverse_j, where the inverse length is the tile's, a column a sample: [d, B]. */
  readonly pull: tf.Tensor;
  /** Σ_j g_ij·N_ij, where the row is scaled by the norm: [B]. */
  readonly radial: tf.Tensor;
};

/** What the negatives pull at, from their slopes tile by tile: through N′ to the cosines, and on to X and W. */
export class NegativeGradients {
  /** By tile. */
  readonly tiles: TileGradients[] = [];
  private readonly source: TileSource;
  private running: SampleSums;

  constructor(source: TileSource) {
    this.source = source;
    const [batch, dim] = source.factor.shape as [number, number];
    this.running = { pull: tf.zeros([dim, batch]), radial: tf.zeros([batch]) };
  }

  get sums(): SampleSums {
    return this.running;
  }

  /** Adds one tile. The slopes stay the caller's. */
  add(index: number, tile: ClassTile, slopes: PairSlopes): void {
    const before = this.running;
    const added = tf.tidy(() => addTile(this.source, tile, slopes, before));
    tf.dispose(before);
    this.running = added.sums;
    this.tiles[index] = added.tile;
  }
}

function addTile(
  source: TileSource,
  tile: ClassTile,
  { gradient, logits }: PairSlopes,
  before: SampleSums,
): { sums: SampleSums; tile: TileGradients } {
  const { loss, prepared, subCenters } = source;
  const { negative, rows, winners } = tile;
  const slope = tf.mul(gradient, tf.mul(negative.dCos, prepared.logitScale));
  const ofRows = ofWinners(slope, winners, subCenters);
  // ∂/∂(w_j·x̂_i): divided by ‖w‖ once, here, where there is one number a pair and not one a coordinate.
  const pulls =
    loss.geometry === 'inner' ? ofRows : tf.mul(ofRows, acrossRows(tile.inverse, ofRows.shape[1]!));
  const bias = biasSlope(tfOps, loss.objective, { gradient, slope });
  return {
    sums: {
      pull: tf.add(before.pull, transposedProduct(rows, pulls)),
      radial:
        loss.geometry === 'norm-scaled'
          ? tf.add(before.radial, sumOverRows(tf.mul(gradient, negative.value)))
          : tf.clone(before.radial),
    },
    tile: {
      weights: weightRows(source, tile, pulls),
      ...(loss.bias ? { bias: tf.sum(bias, 1) } : {}),
      ...(logits ? { logits: tf.clone(logits), gradLogits: tf.clone(gradient) } : {}),
    },
  };
}

/**
 * ∂loss/∂W from the negatives: Σ_i pulls_ij·(x̂_i − cos θ_ij·ŵ_j), the part along ŵ_j from the cosines that are there
 * already.
 */
function weightRows({ loss, factor, subCenters }: TileSource, tile: ClassTile, pulls: tf.Tensor): tf.Tensor {
  const towards = tf.matMul(pulls, factor);
  if (loss.geometry === 'inner') return towards;
  const cosines = tf.sum(tf.mul(pulls, ofWinners(tile.cosines, tile.winners, subCenters)), 1, true);
  const along = tf.mul(perLengthUnit(cosines), perLengthUnit(tile.inverse));
  return tf.sub(towards, tf.mul(tile.rows, acrossRows(along, tile.rows.shape[1]!)));
}
