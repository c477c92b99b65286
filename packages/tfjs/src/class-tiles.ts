import { COSINE_BOUND, type Geometry, type MarginLoss, type OtherValue } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import type { PreparedBatch } from './prepare-batch.ts';
import { tfOps } from './tf-ops.ts';
import { plainRows, type UnitRows, unitRows } from './unit-rows.ts';

/**
 * A run of classes against every sample.
 *
 * Samples are in the last axis, so that what there is one of a sample, [B], broadcasts against a tile as it is.
 */
export type ClassTile = {
  readonly centers: UnitRows;
  /** Cosines (inner products with bias where the geometry is `inner`): [classes of the tile, B]. */
  readonly cosines: tf.Tensor;
  /** N and its slope, as the loss reads them from the cosines: scalar or [classes of the tile, B]. */
  readonly other: OtherTensors;
  /** rowScale·N, with every target out of the way ({@link NO_LOGIT}): [classes of the tile, B]. */
  readonly logits: tf.Tensor;
  /** Where a sample meets its own class: [classes of the tile, B]; absent where the tile holds no target. */
  readonly own?: tf.Tensor;
};

type OtherTensors = { readonly [Name in keyof OtherValue<tf.Tensor>]: tf.Tensor };

/**
 * Stands for −∞ in the log-sum-exp, so that no infinity reaches a device: far under {@link START_OF_MAXIMUM}, so that
 * e^(it − maximum) is 0 whatever the maximum.
 */
const NO_LOGIT = -3e38;

/** The running maximum of no logits at all; below any logit of finite inputs that float32 can use. */
export const START_OF_MAXIMUM = -1e38;

/** Streams over tiles of classes. Asked again for the tile it made last, it hands out that one. */
export interface TileStream {
  readonly count: number;
  tile(index: number): ClassTile;
}

/** What tiles are made of. */
export interface TileSource {
  readonly loss: MarginLoss;
  readonly x: UnitRows;
  /** W: [C, d]. */
  readonly weights: tf.Tensor2D;
  /** [C, 1], where the loss has a bias. */
  readonly bias: tf.Tensor2D | undefined;
  readonly labels: Int32Array;
  readonly prepared: PreparedBatch;
  readonly tileSize: number;
}

/** The tiles of W against the rows of X. To be used inside one `tf.tidy`. */
export function classTiles(source: TileSource): TileStream {
  const classes = source.weights.shape[0];
  let last: { readonly index: number; readonly tile: ClassTile } | undefined;
  return {
    count: Math.ceil(classes / source.tileSize),
    tile(index) {
      if (last?.index === index) return last.tile;
      if (last !== undefined) tf.dispose(last.tile);
      const start = index * source.tileSize;
      const size = Math.min(source.tileSize, classes - start);
      last = { index, tile: tf.tidy(() => makeTile(source, start, size)) };
      return last.tile;
    },
  };
}

function makeTile(source: TileSource, start: number, size: number): ClassTile {
  const { loss, x, weights, bias, labels, prepared } = source;
  const rows = tf.slice(weights, [start, 0], [size, -1]);
  const centers = loss.geometry === 'inner' ? plainRows(rows) : unitRows(rows);
  const products = tf.matMul(centers.unit, x.unit, false, true);
  const cosines = finish(loss.geometry, products, bias && tf.slice(bias, [start, 0], [size, 1]));
  const { value, dCos } = loss.other(tfOps, cosines, prepared.target.pivot, prepared.row);
  const logits = tf.mul(value, prepared.rowScale);
  const own = ownClasses(labels, start, size);
  return {
    centers,
    cosines,
    // A formula may hand back what it was given, and a tile is freed before the rows that it read.
    other: { value: tf.clone(value), dCos: tf.clone(dCos) },
    logits: own === undefined ? logits : tf.where(own, tf.scalar(NO_LOGIT), logits),
    ...(own === undefined ? {} : { own }),
  };
}

function finish(geometry: Geometry, products: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor {
  if (geometry !== 'inner') return tf.clipByValue(products, -COSINE_BOUND, COSINE_BOUND);
  return bias === undefined ? products : tf.add(products, bias);
}

function ownClasses(labels: Int32Array, start: number, size: number): tf.Tensor | undefined {
  const batch = labels.length;
  const mask = new Uint8Array(size * batch);
  let found = false;
  for (let i = 0; i < batch; i++) {
    const row = labels[i]! - start;
    if (row < 0 || row >= size) continue;
    mask[row * batch + i] = 1;
    found = true;
  }
  return found ? tf.tensor2d(mask, [size, batch], 'bool') : undefined;
}
