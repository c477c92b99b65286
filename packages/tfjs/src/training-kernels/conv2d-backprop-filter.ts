import * as tf from '@tensorflow/tfjs-core';
import { filterGradient } from './convolution-gradient.ts';
import type { TrainingKernel } from './kernel.ts';
import { phaseGrid, type Tap, tapsOf } from './phases.ts';

/** Bytes of shifted copies that are multiplied at once; more would leave the cache, and memory, for no gain. */
const CHUNK_BYTES = 32 * 2 ** 20;

/**
 * ∂L/∂W of a convolution: dW[k] = Σ_o x[stride·o + k]ᵀ · dy[o], one product of matrices for many taps k at once,
 * [taps·C_in, positions] · [positions, C_out].
 */
export const conv2dBackpropFilter: TrainingKernel = filterGradient(
  { name: tf.Conv2DBackpropFilter, kind: 'missing', isDepthwise: false },
  (x, dy, geometry) => {
    const { channelsIn } = geometry;
    const grid = phaseGrid(x, dy, geometry);
    // [stride·C, positions]: a tap is C of these rows, shifted.
    const rows = grid.rows.map((phase) => tf.transpose(phase));
    const shifted = ({ rowPhase, columnPhase, shift }: Tap): tf.Tensor2D =>
      tf.slice(rows[rowPhase]!, [columnPhase * channelsIn, shift], [channelsIn, grid.length]);
    const chunk = Math.max(1, Math.floor(CHUNK_BYTES / (4 * channelsIn * grid.length)));
    const products = chunks(tapsOf(geometry, grid), chunk).map((taps) =>
      tf.tidy(() => tf.matMul(tf.concat(taps.map(shifted), 0), grid.dy)),
    );
    return tf.concat(products, 0);
  },
);

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
