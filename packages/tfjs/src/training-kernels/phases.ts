import * as tf from '@tensorflow/tfjs-core';
import { type Axis, type ConvGeometry, resized } from './geometry.ts';

/**
 * The input and the output's gradient of a convolution, flattened over one common grid [N, Qh, Qw], Q = output + M − 1,
 * so that a tap's shift in space is a shift in the flat index: contiguous memory, whatever the stride.
 */
interface PhaseGrid {
  /** Number of flat positions that count, N·Qh·Qw less the largest shift. */
  readonly length: number;
  /** Qw. */
  readonly width: number;
  /** Input by row phase: `stride` tensors [N·Qh·Qw, stride·C], column phases side by side in the last axis. */
  readonly rows: readonly tf.Tensor2D[];
  /** Gradient of the output, 0 where the grid is larger than it: [length, C_out]. */
  readonly dy: tf.Tensor2D;
}

/** Lays out both tensors on the common grid. */
export function phaseGrid(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  { batch, height, width }: ConvGeometry,
): PhaseGrid {
  const [rows, columns] = [gridLength(height), gridLength(width)];
  const [, , , channels] = x.shape;
  const padded = resized(x, padding(height), padding(width));
  const grid = resized(dy, [0, rows - height.output], [0, columns - width.output]);
  const flat = batch * rows * columns;
  const length = flat - (height.taps - 1) * columns - (width.taps - 1);
  const rowSize = columns * width.stride * channels;
  const byRowPhase = tf.reshape(padded, [batch * rows, height.stride * rowSize]);
  return {
    length,
    width: columns,
    rows: Array.from({ length: height.stride }, (_, a) =>
      tf.reshape(tf.slice(byRowPhase, [0, a * rowSize], [-1, rowSize]), [flat, width.stride * channels]),
    ),
    // A copy even where nothing is cut off: the backend keeps the right-hand matrix of a product packed for as long as
    // its numbers live, and takes that for a later product of the same numbers in any other shape.
    dy: tf.slice(tf.reshape(grid, [flat, grid.shape[3]]), [0, 0], [length, -1]) as tf.Tensor2D,
  };
}

function gridLength({ output, taps }: Axis): number {
  return output + taps - 1;
}

function padding(axis: Axis): [number, number] {
  return [axis.before, axis.stride * gridLength(axis) - axis.before - axis.input];
}

/** A tap of the kernel on the phase grid. */
export interface Tap {
  readonly rowPhase: number;
  readonly columnPhase: number;
  /** By how much the flat index is shifted. */
  readonly shift: number;
}

/** The taps of a kernel in row-major order. */
export function tapsOf({ height, width }: ConvGeometry, grid: Pick<PhaseGrid, 'width'>): Tap[] {
  const taps: Tap[] = [];
  for (let i = 0; i < height.kernel; i++) {
    for (let j = 0; j < width.kernel; j++) {
      taps.push({
        rowPhase: i % height.stride,
        columnPhase: j % width.stride,
        shift: Math.floor(i / height.stride) * grid.width + Math.floor(j / width.stride),
      });
    }
  }
  return taps;
}
