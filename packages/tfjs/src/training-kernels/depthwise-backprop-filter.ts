import * as tf from '@tensorflow/tfjs-core';
import { filterGradient } from './convolution-gradient.ts';
import { type ConvGeometry, resized } from './geometry.ts';
import type { TrainingKernel } from './kernel.ts';
import { phaseGrid, type Tap, tapsOf } from './phases.ts';

/** ∂L/∂W of a depthwise convolution: dW[k, c, m] = Σ_o x[stride·o + k, c] · dy[o, c·M + m], tap by tap. */
export const depthwiseBackpropFilter: TrainingKernel = filterGradient(
  { name: tf.DepthwiseConv2dNativeBackpropFilter, kind: 'missing', isDepthwise: true },
  (x, dy, geometry) => {
    const isGlobal = geometry.height.output === 1 && geometry.width.output === 1;
    return (isGlobal ? globalGradient : gradientByTap)(x, dy, geometry);
  },
);
/** Where the kernel covers all of the image, there is one position, and no grid is needed: [Kh·Kw, C, M]. */
function globalGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  { height, width, channelsIn }: ConvGeometry,
): tf.Tensor {
  const [batch] = x.shape;
  const covered = resized(
    x,
    [height.before, height.kernel - height.before - height.input],
    [width.before, width.kernel - width.before - width.input],
  );
  const taps = tf.reshape(covered, [batch, height.kernel * width.kernel, channelsIn, 1]);
  return tf.sum(tf.mul(taps, tf.reshape(dy, [batch, 1, channelsIn, -1])), 0);
}

/** [Kh·Kw, C·M]. */
function gradientByTap(x: tf.Tensor4D, dy: tf.Tensor4D, geometry: ConvGeometry): tf.Tensor {
  const { channelsIn } = geometry;
  const grid = phaseGrid(x, dy, geometry);
  const phases = grid.rows.map((row) =>
    Array.from({ length: geometry.width.stride }, (_, b) =>
      tf.slice(row, [0, b * channelsIn], [-1, channelsIn]),
    ),
  );
  const gradients = tf.reshape(grid.dy, [grid.length, channelsIn, -1]);
  const tapGradient = ({ rowPhase, columnPhase, shift }: Tap): tf.Tensor =>
    tf.tidy(() => {
      const shifted = tf.slice(phases[rowPhase]![columnPhase]!, [shift, 0], [grid.length, -1]);
      return tf.sum(tf.mul(tf.reshape(shifted, [grid.length, channelsIn, 1]), gradients), 0);
    });
  return tf.stack(tapsOf(geometry, grid).map(tapGradient));
}
