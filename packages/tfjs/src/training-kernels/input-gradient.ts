import * as tf from '@tensorflow/tfjs';
import { type Axis, type ConvGeometry, resized } from './geometry.ts';

/** Positions q of a phase that reach into the input: those with before ≤ stride·q + a < before + input for some a. */
export interface PhaseRange {
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

/** The taps m = M − 1 … 0 of a phase, as positions in the kernel; undefined where the kernel has ended. */
export function flippedTaps({ taps, stride, kernel }: Axis, phase: number): (number | undefined)[] {
  return Array.from({ length: taps }, (_, i) => {
    const tap = (taps - 1 - i) * stride + phase;
    return tap < kernel ? tap : undefined;
  });
}
