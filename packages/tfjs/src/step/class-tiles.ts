import { COSINE_BOUND, type MarginLoss, type NegativeValue, type PreparedSamples } from '@cf/core';
import * as tf from '@tensorflow/tfjs';
import { acrossRows } from '../ops/across-rows.ts';
import { exponential } from '../ops/exponential.ts';
import { tileOps } from '../ops/tile-ops.ts';
import { classRows } from './class-rows.ts';
import type { StepInput, StepOptions } from './step-input.ts';
import { rowLengths } from './unit-rows.ts';

/**
 * A run of classes against every sample.
 *
 * Samples are in the last axis, so that what there is one of a sample, [B], broadcasts against a tile as it is.
 */
export type ClassTile = {
  /** First class. */
  readonly start: number;
  /** Rows of W as they are, not normalised: [classes of the tile, d]. */
  readonly rows: tf.Tensor;
  /** 1/‖w‖ of {@link rowLengths}, 0 for a zero vector, 1 where the geometry is `inner`: [classes of the tile, 1]. */
  readonly inverse: tf.Tensor;
  /** Cosines (inner products with bias where the geometry is `inner`): [classes of the tile, B]. */
  readonly cosines: tf.Tensor;
  /** N and its slope, as the loss reads them from the cosines: scalar or [classes of the tile, B]. */
  readonly negative: NegativeTensors;
  /**
   * logitScale·N, with every target out of the way ({@link NO_LOGIT}): [classes of the tile, B]. Freed once its
   * exponentials are there, unless the tile is inspected.
   */
  readonly logits: tf.Tensor;
  /** Once pass 1 has been here. */
  readonly exponentials?: Exponentials;
  /** 1 where a sample meets its own class, else 0: [classes of the tile, B]. */
  readonly own: tf.Tensor;
};

/** e^{logit − shift}. */
export type Exponentials = {
  /** [classes of the tile, B]; 0 for targets. */
  readonly exp: tf.Tensor;
  /** [B]. */
  readonly shift: tf.Tensor;
};

type NegativeTensors = { readonly [Name in keyof NegativeValue<tf.Tensor>]: tf.Tensor };

/**
 * Added to the logit of a target, which puts it out of the log-sum-exp without an infinity: what is left of it stands so
 * far under the target that it weighs nothing, also where there is no other logit or all of them are as low.
 */
export const NO_LOGIT = -3e38;

/**
 * Streams over tiles of classes. Asked again for the tile it made last, it hands out that one; asked for an earlier one,
 * it makes it again with the same bits, or has kept it.
 */
export interface TileStream {
  /** Of tiles. */
  readonly count: number;
  readonly batch: number;
  readonly classes: number;
  tile(index: number): ClassTile;
  /** Takes the exponentials of the tile that it made last; from then on that tile has them. */
  take(exponentials: Exponentials): void;
}

/** What tiles are made of. */
export interface TileSource
  extends Pick<StepInput, 'weights' | 'bias' | 'labels'>,
    Pick<StepOptions, 'tileSize' | 'keepBytes' | 'inspect'> {
  readonly loss: MarginLoss;
  /** x̂, or x where the geometry is `inner`; where ‖w‖ divides the products, `perLengthUnit`: [B, d]. */
  readonly factor: tf.Tensor;
  readonly prepared: PreparedSamples<tf.Tensor, tf.Tensor>;
}

/** What is kept of a tile: all but its rows of W. */
type Kept = Omit<ClassTile, 'start' | 'rows'>;

/** Numbers a pair of sample and class in {@link Kept}: cosine, N, its slope, exponential. */
const KEPT_A_PAIR = 4;

/** The tiles of W against the rows of X. To be used inside one `tf.tidy`. */
export function classTiles(source: TileSource): TileStream {
  const [classes] = source.weights.shape;
  const tileSize = Math.min(source.tileSize, classes);
  const count = Math.ceil(classes / tileSize);
  const batch = source.factor.shape[0]!;
  const keep = Math.floor(source.keepBytes / (4 * KEPT_A_PAIR * batch * tileSize));
  // The samples as the right operand of every product: the wasm backend packs it once.
  const samples = tf.transpose(source.factor);
  const kept = new Map<number, Kept>();
  const shifts = new Map<number, tf.Tensor>();
  let last: { readonly index: number; readonly tile: ClassTile } | undefined;
  /** Frees a tile, or its rows alone where the rest is wanted again. */
  const leave = (index: number, tile: ClassTile): void => {
    if (index >= keep || kept.has(index)) {
      kept.delete(index);
      const { exponentials, ...rest } = tile;
      // Its shift is wanted again.
      tf.dispose([rest, exponentials?.exp ?? []]);
      return;
    }
    kept.set(index, tile);
    tf.dispose(tile.rows);
    // Of the second visit only an inspection asks for it.
    if (!source.inspect) tf.dispose(tile.own);
  };
  return {
    count,
    batch,
    classes,
    tile(index) {
      if (last?.index === index) return last.tile;
      if (last !== undefined) leave(last.index, last.tile);
      const start = index * tileSize;
      const size = Math.min(tileSize, classes - start);
      const known = kept.get(index);
      const tile =
        known === undefined
          ? tf.tidy(() => withExponentials(makeTile(source, samples, start, size), shifts.get(index)))
          : { ...known, start, rows: classRows(source.weights, start, size) };
      last = { index, tile };
      return tile;
    },
    take(exponentials) {
      const { index, tile } = last!;
      shifts.set(index, exponentials.shift);
      if (!source.inspect) tf.dispose(tile.logits);
      last = { index, tile: { ...tile, exponentials } };
    },
  };
}

/** The tile with the exponentials that it had. */
function withExponentials(tile: ClassTile, shift: tf.Tensor | undefined): ClassTile {
  if (shift === undefined) return tile;
  return { ...tile, exponentials: { exp: exponential(tile.logits, shift), shift } };
}

function makeTile(source: TileSource, samples: tf.Tensor, start: number, size: number): ClassTile {
  const { loss, weights, labels, prepared } = source;
  const rows = classRows(weights, start, size);
  const { inverse, cosines } = tileCosines(source, rows, samples, start);
  const { value, dCos } = loss.negative(tileOps(), cosines, prepared.target.pivot, prepared.sampleValues);
  const own = ownClasses(labels, start, size);
  // A formula may hand back what it was given, and a tile is freed before the rows that it read.
  const ours = (tensor: tf.Tensor): tf.Tensor => (tensor === cosines ? tensor : tf.clone(tensor));
  return {
    start,
    rows,
    inverse,
    cosines,
    negative: { value: ours(value), dCos: ours(dCos) },
    logits: tf.add(tf.mul(value, prepared.logitScale), tf.mul(own, tf.scalar(NO_LOGIT))),
    own,
  };
}

/** Lengths divide the products, [T, B], not the rows, [T, d]: no normalised copy of W is made. */
function tileCosines(
  { loss, bias }: TileSource,
  rows: tf.Tensor,
  samples: tf.Tensor,
  start: number,
): Pick<ClassTile, 'inverse' | 'cosines'> {
  const size = rows.shape[0]!;
  const products = tf.matMul(rows, samples);
  if (loss.geometry === 'inner') {
    const cosines = bias === undefined ? products : tf.add(products, classRows(bias, start, size));
    return { cosines, inverse: tf.ones([size, 1]) };
  }
  const { divisor, inverse } = rowLengths(rows);
  const quotients = tf.div(products, acrossRows(divisor, samples.shape[1]!));
  return { cosines: tf.clipByValue(quotients, -COSINE_BOUND, COSINE_BOUND), inverse };
}

/**
 * By arithmetic, since the wasm backend does that many times faster than it compares. Differences of float32 numbers are
 * 0 only where they are equal, so any int32 label will do.
 */
function ownClasses(labels: tf.Tensor1D, start: number, size: number): tf.Tensor {
  const local = tf.cast(tf.sub(labels, tf.scalar(start, 'int32')), 'float32');
  const classes = tf.reshape(tf.range(0, size), [size, 1]);
  return tf.relu(tf.sub(tf.scalar(1), tf.abs(tf.sub(classes, local))));
}
