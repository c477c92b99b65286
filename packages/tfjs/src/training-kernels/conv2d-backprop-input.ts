import * as tf from '@tensorflow/tfjs';
import { type ConvAttributes, type ConvGeometry, convGeometry, resized } from './geometry.ts';
import { cropToInput, flippedTaps, gradientPadding, interleavedRows, phaseRange } from './input-gradient.ts';
import { composed, type KernelRun, type TrainingKernel } from './kernel.ts';

interface Inputs {
  readonly dy: tf.Tensor4D;
  readonly filter: tf.Tensor4D;
}

interface Attributes extends ConvAttributes {
  readonly inputShape: [number, number, number, number];
}

/**
 * ∂L/∂x of a convolution as convolutions of dy with the flipped, transposed kernel. With a stride, each phase of rows is
 * one convolution with every stride-th row of the kernel, and its phases of columns are channels side by side: none of
 * the zeros of a dilated dy is multiplied.
 */
export const conv2dBackpropInput: TrainingKernel = {
  name: tf.Conv2DBackpropInput,
  kind: 'faster',
  create: (original) =>
    composed(inputGradient, { original, covers: ({ attrs }) => attrs.dataFormat !== 'NCHW' }),
};

function inputGradient({ inputs: { dy, filter }, attrs }: KernelRun<Inputs, Attributes>): tf.Tensor {
  const geometry = convGeometry(attrs.inputShape, filter.shape, attrs, false);
  const { batch, height, width, channelsIn } = geometry;
  const padded = resized(dy, gradientPadding(height), gradientPadding(width));
  const [rows, columns] = [phaseRange(height).count, phaseRange(width).count];
  const images = Array.from({ length: height.stride }, (_, phase): tf.Tensor4D => {
    const shape: [number, number, number, number] = [batch, rows, columns * width.stride, channelsIn];
    if (phase >= height.kernel) return tf.zeros<tf.Rank.R4>(shape);
    return tf.reshape(tf.conv2d(padded, flippedFilter(filter, geometry, phase), 1, 'valid'), shape);
  });
  return cropToInput(interleavedRows(images), geometry);
}

/** The kernel [Mh, Mw, C_out, stride·C_in] that gives a row phase of the gradient. */
function flippedFilter(filter: tf.Tensor4D, geometry: ConvGeometry, rowPhase: number): tf.Tensor4D {
  const { height, width, channelsIn, channelsOut } = geometry;
  const flat = tf.reshape(filter, [-1, channelsOut]);
  const blank = tf.zeros<tf.Rank.R2>([channelsIn, channelsOut]);
  const parts = flippedTaps(height, rowPhase).flatMap((i) =>
    flippedTaps(width, 0).flatMap((_, position) =>
      Array.from({ length: width.stride }, (_, columnPhase) => {
        const j = flippedTaps(width, columnPhase)[position];
        if (i === undefined || j === undefined) return blank;
        return tf.slice(flat, [(i * width.kernel + j) * channelsIn, 0], [channelsIn, -1]);
      }),
    ),
  );
  const taps = height.taps * width.taps;
  const stacked = tf.reshape(tf.concat(parts, 0), [taps, width.stride * channelsIn, channelsOut]);
  const shape: [number, number, number, number] = [
    height.taps,
    width.taps,
    channelsOut,
    width.stride * channelsIn,
  ];
  return tf.reshape(tf.transpose(stacked, [0, 2, 1]), shape);
}
