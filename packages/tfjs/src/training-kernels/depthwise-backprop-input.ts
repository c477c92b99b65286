import * as tf from '@tensorflow/tfjs-core';
import { inputGradient } from './convolution-gradient.ts';
import { flippedTaps, interleavedColumns } from './input-gradient.ts';
import type { TrainingKernel } from './kernel.ts';

/**
 * ∂L/∂x of a depthwise convolution: one depthwise convolution of dy a phase of rows and columns, with every stride-th tap
 * of the flipped kernel.
 */
export const depthwiseBackpropInput: TrainingKernel = inputGradient(
  { name: tf.DepthwiseConv2dNativeBackpropInput, kind: 'missing', isDepthwise: true },
  (dy, filter, geometry, rowPhase) => {
    const { height, width, channelsIn, channelsOut } = geometry;
    const images = Array.from({ length: width.stride }, (_, columnPhase) => {
      const taps = flippedTaps(filter, geometry, rowPhase, [columnPhase]);
      const flipped = tf.reshape(taps, [height.taps, width.taps, channelsOut, 1]) as tf.Tensor4D;
      return tf.depthwiseConv2d(dy, flipped, 1, 'valid');
    });
    const image = interleavedColumns(images);
    // Each input channel went to C_out / C_in output channels, which lie side by side.
    return tf.sum(tf.reshape(image, [...image.shape.slice(0, 3), channelsIn, channelsOut / channelsIn]), -1);
  },
);
