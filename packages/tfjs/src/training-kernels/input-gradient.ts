import * as tf from '@tensorflow/tfjs-core';
import { type Axis, type ConvGeometry, resized } from './geometry.ts';

/** Positions q of a phase that reach into the input: those with before ≤ stride·q + a < before + input for some a. */
interface PhaseRange {
  readonly first: number;
  readonly count: number;
}

export function phaseRange({ before, input, stride }: Axis): PhaseRange {
  const first = Math.floor(before / stride);
  return { first, count: Math.floor((before + input - 1) / stride) - first + 1 };
}

/** How far dy must be padded, or cropped, so that a convolution with M flipped taps gives exactly the range. */
export function gradientPadding(axis: Axis): [number, number] {
  const { first, count } = phaseRange(axis);
  return [axis.taps - 1 - first, first + count - axis.output];
}

/** The input's rows and columns out of an image that starts at phase range's first position: [N, H, W, C]. */
export function cropToInput(image: tf.Tensor4D, { height, width }: ConvGeometry): tf.Tensor4D {
  const cropped = (axis: Axis): [number, number] => {
    const { first, count } = phaseRange(axis);
    const before = axis.before - axis.stride * first;
    return [-before, before + axis.input - axis.stride * count];
  };
  return resized(image, cropped(height), cropped(width));
}

/** Images [N, R, S, C] that hold every a-th row, put together: [N, R·images, S, C]. */
export function interleavedRows(images: readonly tf.Tensor4D[]): tf.Tensor4D {
  const [batch, rows, columns, channels] = images[0]!.shape;
  if (images.length === 1) return images[0]!;
  const flat = images.map((image) => tf.reshape(image, [batch * rows, columns * channels]));
  return tf.reshape(tf.concat(flat, 1), [batch, rows * images.length, columns, channels]);
}

/** Images [N, R, S, C] that hold every b-th column, put together: [N, R, S·images, C]. */
export function interleavedColumns(images: readonly tf.Tensor4D[]): tf.Tensor4D {
  const [batch, rows, columns, channels] = images[0]!.shape;
  if (images.length === 1) return images[0]!;
  return tf.reshape(tf.concat(images as tf.Tensor4D[], 3), [batch, rows, columns * images.length, channels]);
}

/**
 * The taps of a convolution's kernel that meet a phase of rows and some phases of columns, in flipped order, stacked:
 * [Mh·Mw·phases·rows a tap, C_out]; 0 where the kernel has ended.
 */
export function flippedTaps(
  filter: tf.Tensor4D,
  { height, width, channelsOut }: ConvGeometry,
  rowPhase: number,
  columnPhases: readonly number[],
): tf.Tensor {
  const flat = tf.reshape(filter, [-1, channelsOut]);
  const rows = flat.shape[0]! / (height.kernel * width.kernel);
  const tap = (i: number, j: number): tf.Tensor =>
    i < height.kernel && j < width.kernel
      ? tf.slice(flat, [(i * width.kernel + j) * rows, 0], [rows, -1])
      : tf.zeros([rows, channelsOut]);
  return tf.concat(
    flippedPositions(height, rowPhase).flatMap((i) =>
      flippedPositions(width, 0).flatMap((j) => columnPhases.map((phase) => tap(i, j + phase))),
    ),
    0,
  );
}

/** The taps m = M − 1 … 0 of a phase, as positions in the kernel, some of them past its end. */
function flippedPositions({ taps, stride }: Axis, phase: number): number[] {
  return Array.from({ length: taps }, (_, i) => (taps - 1 - i) * stride + phase);
}
