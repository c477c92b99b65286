import { COSINE_BOUND, type MarginLoss, type NegativeValue, type PreparedSamples } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { acrossRows } from '../ops/across-rows.ts';
import { exponential } from '../ops/exponential.ts';
import { tileOps } from '../ops/tile-ops.ts';
import { classRows } from './class-rows.ts';
import type { StepInput, StepOptions } from './step-input.ts';
import { nearestOf } from './sub-centers.ts';
import { rowLengths } from './unit-rows.ts';

/**
 * A run of classes against every sample.
 *
 * Samples are in the last axis, so that what there is one of a sample, [B], broadcasts against a tile as it is.
 */
export type ClassTile = {
  /** First class. */
  readonly start: number;
  /** How many: n. */
  readonly size: number;
  /** Rows of W as they are, not normalised: [n·K, d]. */
  readonly rows: tf.Tensor;
  /** 1/‖w‖ of {@link rowLengths}, 0 for a zero vector, 1 where the geometry is `inner`: [n·K, 1]. */
  readonly inverse: tf.Tensor;
  /** Cosines (inner products with bias where the geometry is `inner`), of sub-centers the largest: [n, B]. */
  readonly cosines: tf.Tensor;
  /** Which of its class's K rows that is, as a float32 number: [n, B]. Undefined where there is one a class. */
  readonly winners: tf.Tensor | undefined;
  /** N and its slope, as the loss reads them from the cosines: scalar or [n, B]. */
  readonly negative: NegativeTensors;
  /** Once pass 1 of a softmax has been here. */
  readonly exponentials?: Exponentials;
};

/** e^{logit − shift}. */
export type Exponentials = {
  /** [n, B]; 0 for targets. */
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
  tile(index: number): ClassTile;
  /** Takes the exponentials of the tile that it made last; from then on that tile has them. */
  take(exponentials: Exponentials): void;
}

/** What tiles are made of. */
export interface TileSource
  extends Pick<StepInput, 'weights' | 'bias' | 'labels'>,
    Pick<StepOptions, 'tileSize' | 'keepBytes' | 'subCenters'> {
  readonly loss: MarginLoss;
  /** C. */
  readonly classes: number;
  /** x̂, or x where the geometry is `inner`; where ‖w‖ divides the products, `perLengthUnit`: [B, d]. */
  readonly factor: tf.Tensor;
  readonly prepared: PreparedSamples<tf.Tensor, tf.Tensor>;
}

/** What is kept of a tile: all but its rows of W. */
type Kept = Omit<ClassTile, 'start' | 'size' | 'rows'>;

/** Numbers a pair of sample and class in {@link Kept}: cosine, N, its slope, exponential. */
const KEPT_A_PAIR = 4;

/** The tiles of W against the rows of X, whole classes each. To be used inside one `tf.tidy`. */
export function classTiles(source: TileSource): TileStream {
  const { classes, subCenters } = source;
  const tileSize = Math.min(source.tileSize, classes);
  const batch = source.factor.shape[0]!;
  const numbers = KEPT_A_PAIR + (subCenters > 1 ? 1 : 0);
  const keep = Math.floor(source.keepBytes / (4 * numbers * batch * tileSize));
  // The samples as the right operand of every product: the wasm backend packs it once.
  const samples = tf.transpose(source.factor);
  const kept = new Map<number, Kept>();
  const shifts = new Map<number, tf.Tensor>();
  let last: { readonly index: number; readonly tile: ClassTile } | undefined;
  /** Frees a tile, or its rows alone where the rest is wanted again. */
  const leave = (index: number, tile: ClassTile): void => {
    const { start: _start, size: _size, rows, ...rest } = tile;
    tf.dispose(rows);
    if (index < keep && !kept.has(index)) {
      kept.set(index, rest);
      return;
    }
    kept.delete(index);
    const { exponentials, ...others } = rest;
    // Its shift is wanted again.
    tf.dispose([others, exponentials?.exp ?? []]);
  };
  return {
    count: Math.ceil(classes / tileSize),
    tile(index) {
      if (last?.index === index) return last.tile;
      if (last !== undefined) leave(last.index, last.tile);
      const start = index * tileSize;
      const size = Math.min(tileSize, classes - start);
      const known = kept.get(index);
      const tile =
        known === undefined
          ? tf.tidy(() => withExponentials(source, makeTile(source, samples, start, size), shifts.get(index)))
          : { ...known, start, size, rows: classRows(source.weights, start * subCenters, size * subCenters) };
      last = { index, tile };
      return tile;
    },
    take(exponentials) {
      const { index, tile } = last!;
      shifts.set(index, exponentials.shift);
      last = { index, tile: { ...tile, exponentials } };
    },
  };
}

/** logitScale·N of a softmax, with every target out of the way ({@link NO_LOGIT}): [n, B]. */
export function softmaxLogits(
  { prepared }: Pick<TileSource, 'prepared'>,
  { negative }: ClassTile,
  own: tf.Tensor,
): tf.Tensor {
  return tf.add(tf.mul(negative.value, prepared.logitScale), tf.mul(own, tf.scalar(NO_LOGIT)));
}

/** The tile with the exponentials that it had. */
function withExponentials(source: TileSource, tile: ClassTile, shift: tf.Tensor | undefined): ClassTile {
  if (shift === undefined) return tile;
  const own = ownClasses(source.labels, tile);
  return { ...tile, exponentials: { exp: exponential(softmaxLogits(source, tile, own), shift), shift } };
}

function makeTile(source: TileSource, samples: tf.Tensor, start: number, size: number): ClassTile {
  const { loss, weights, prepared, subCenters } = source;
  const rows = classRows(weights, start * subCenters, size * subCenters);
  const { cosines, ...tile } = tileCosines(source, rows, samples, start);
  const { value, dCos } = loss.negative(tileOps(), cosines, prepared.target.pivot, prepared.sampleValues);
  // A formula may hand back what it was given, and a tile is freed before the rows that it read.
  const ours = (tensor: tf.Tensor): tf.Tensor => (tensor === cosines ? tensor : tf.clone(tensor));
  return {
    start,
    size,
    rows,
    cosines,
    ...tile,
    negative: { value: ours(value), dCos: ours(dCos) },
  };
}

/** Lengths divide the products, [n·K, B], not the rows, [n·K, d]: no normalised copy of W is made. */
function tileCosines(
  { loss, bias, subCenters }: TileSource,
  rows: tf.Tensor,
  samples: tf.Tensor,
  start: number,
): Pick<ClassTile, 'inverse' | 'cosines' | 'winners'> {
  const count = rows.shape[0]!;
  const products = tf.matMul(rows, samples);
  if (loss.geometry === 'inner') {
    const { largest, winners } = nearestOf(products, subCenters);
    const cosines =
      bias === undefined ? largest : tf.add(largest, classRows(bias, start, count / subCenters));
    return { cosines, winners, inverse: tf.ones([count, 1]) };
  }
  const { divisor, inverse } = rowLengths(rows);
  const quotients = tf.div(products, acrossRows(divisor, samples.shape[1]!));
  const { largest, winners } = nearestOf(quotients, subCenters);
  return { cosines: tf.clipByValue(largest, -COSINE_BOUND, COSINE_BOUND), winners, inverse };
}

/**
 * 1 where a sample meets its own class, else 0: [size, B]. By arithmetic, since the wasm backend does that many times faster
 * than it compares. Differences of float32 numbers are 0 only where they are equal, so any int32 label will do.
 */
export function ownClasses(
  labels: tf.Tensor1D,
  { start, size }: Pick<ClassTile, 'start' | 'size'>,
): tf.Tensor {
  const local = tf.cast(tf.sub(labels, tf.scalar(start, 'int32')), 'float32');
  const classes = tf.reshape(tf.range(0, size), [size, 1]);
  return tf.relu(tf.sub(tf.scalar(1), tf.abs(tf.sub(classes, local))));
}
