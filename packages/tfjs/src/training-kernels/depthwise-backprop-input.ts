import * as tf from '@tensorflow/tfjs';
import { type ConvAttributes, type ConvGeometry, convGeometry, resized } from './geometry.ts';
import {
  cropToInput,
  flippedTaps,
  gradientPadding,
  interleavedColumns,
  interleavedRows,
  phaseRange,
} from './input-gradient.ts';
import { composed, type KernelRun, type TrainingKernel } from './kernel.ts';
import { requireUndilated } from './require-undilated.ts';

interface Inputs {
  readonly dy: tf.Tensor4D;
  readonly filter: tf.Tensor4D;
}

interface Attributes extends ConvAttributes {
  readonly inputShape: [number, number, number, number];
}

/**
 * ∂L/∂x of a depthwise convolution: one depthwise convolution of dy a phase of rows and columns, with every stride-th tap
 * of the flipped kernel.
 */
export const depthwiseBackpropInput: TrainingKernel = {
  name: tf.DepthwiseConv2dNativeBackpropInput,
  kind: 'missing',
  create: () => composed(inputGradient),
};

function inputGradient({ inputs: { dy, filter }, attrs }: KernelRun<Inputs, Attributes>): tf.Tensor {
  requireUndilated(tf.DepthwiseConv2dNativeBackpropInput, attrs);
  const geometry = convGeometry(attrs.inputShape, filter.shape, attrs, true);
  const { batch, height, width, channelsIn, channelsOut } = geometry;
  const padded = resized(dy, gradientPadding(height), gradientPadding(width));
  const image = (rowPhase: number, columnPhase: number): tf.Tensor4D => {
    const isBlank = rowPhase >= height.kernel || columnPhase >= width.kernel;
    if (isBlank) return tf.zeros([batch, phaseRange(height).count, phaseRange(width).count, channelsOut]);
    return tf.depthwiseConv2d(padded, flippedFilter(filter, geometry, rowPhase, columnPhase), 1, 'valid');
  };
  const rows = Array.from({ length: height.stride }, (_, rowPhase) =>
    interleavedColumns(
      Array.from({ length: width.stride }, (_, columnPhase) => image(rowPhase, columnPhase)),
    ),
  );
  const gradient = cropToInput(interleavedRows(rows), geometry);
  // Each input channel went to C_out / C_in output channels, which lie side by side.
  return tf.sum(
    tf.reshape(gradient, [...gradient.shape.slice(0, 3), channelsIn, channelsOut / channelsIn]),
    -1,
  );
}

/** The taps of one phase, [Mh, Mw, C_out, 1]. */
function flippedFilter(
  filter: tf.Tensor4D,
  geometry: ConvGeometry,
  rowPhase: number,
  columnPhase: number,
): tf.Tensor4D {
  const { height, width, channelsOut } = geometry;
  const flat = tf.reshape(filter, [-1, channelsOut]);
  const blank = tf.zeros<tf.Rank.R2>([1, channelsOut]);
  const parts = flippedTaps(height, rowPhase).flatMap((i) =>
    flippedTaps(width, columnPhase).map((j) =>
      i === undefined || j === undefined ? blank : tf.slice(flat, [i * width.kernel + j, 0], [1, -1]),
    ),
  );
  return tf.reshape(tf.concat(parts, 0), [height.taps, width.taps, channelsOut, 1]);
}
