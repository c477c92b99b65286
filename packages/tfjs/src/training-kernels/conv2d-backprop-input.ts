import * as tf from '@tensorflow/tfjs-core';
import { inputGradient } from './convolution-gradient.ts';
import { flippedTaps, phaseRange } from './input-gradient.ts';
import type { TrainingKernel } from './kernel.ts';

/**
 * ∂L/∂x of a convolution as convolutions of dy with the flipped, transposed kernel: one a phase of rows, whose phases of
 * columns are channels side by side.
 */
export const conv2dBackpropInput: TrainingKernel = inputGradient(
  { name: tf.Conv2DBackpropInput, kind: 'faster', isDepthwise: false },
  (dy, filter, geometry, phase) => {
    const { batch, height, width, channelsIn, channelsOut } = geometry;
    const channels = width.stride * channelsIn;
    const taps = flippedTaps(filter, geometry, phase, [...new Array(width.stride).keys()]);
    const stacked = tf.reshape(taps, [height.taps * width.taps, channels, channelsOut]);
    const flipped = tf.reshape(tf.transpose(stacked, [0, 2, 1]), [
      height.taps,
      width.taps,
      channelsOut,
      channels,
    ]) as tf.Tensor4D;
    const images = tf.conv2d(dy, flipped, 1, 'valid');
    return tf.reshape(images, [batch, phaseRange(height).count, -1, channelsIn]);
  },
);
