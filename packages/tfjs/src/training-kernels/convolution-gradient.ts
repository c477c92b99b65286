import { BackendError } from '@cf/core';
import * as tf from '@tensorflow/tfjs-core';
import { type ConvAttributes, type ConvGeometry, convGeometry, resized } from './geometry.ts';
import { cropToInput, gradientPadding, interleavedRows, phaseRange } from './input-gradient.ts';
import { composed, type KernelRun, type TrainingKernel } from './kernel.ts';

type Shape4D = [number, number, number, number];
type FilterRun = KernelRun<
  { readonly x: tf.Tensor4D; readonly dy: tf.Tensor4D },
  ConvAttributes & { readonly filterShape: Shape4D }
>;
type InputRun = KernelRun<
  { readonly dy: tf.Tensor4D; readonly filter: tf.Tensor4D },
  ConvAttributes & { readonly inputShape: Shape4D }
>;

/** What tells the gradients of convolutions from each other, beside their formulas. */
export interface ConvolutionKernel extends Pick<TrainingKernel, 'name' | 'kind'> {
  readonly isDepthwise: boolean;
}

/** The kernel of ∂L/∂W, from a formula for its numbers. */
export function filterGradient(
  { isDepthwise, ...kernel }: ConvolutionKernel,
  gradient: (x: tf.Tensor4D, dy: tf.Tensor4D, geometry: ConvGeometry) => tf.Tensor,
): TrainingKernel {
  return {
    ...kernel,
    create: () =>
      composed(({ inputs: { x, dy }, attrs }: FilterRun) => {
        requireSupported(kernel.name, attrs);
        const geometry = convGeometry(x.shape, attrs.filterShape, attrs, isDepthwise);
        return tf.reshape(gradient(x, dy, geometry), attrs.filterShape);
      }),
  };
}

/**
 * The kernel of ∂L/∂x, from a formula for one phase of its rows: dy, padded, and the convolution's kernel to
 * [N, rows of the phase, columns, C_in]. With a stride, each phase is a convolution with every stride-th row of the flipped
 * kernel: none of the zeros of a dilated dy is multiplied.
 */
export function inputGradient(
  { isDepthwise, ...kernel }: ConvolutionKernel,
  rowsOfPhase: (dy: tf.Tensor4D, filter: tf.Tensor4D, geometry: ConvGeometry, phase: number) => tf.Tensor4D,
): TrainingKernel {
  const compute = ({ inputs: { dy, filter }, attrs }: InputRun): tf.Tensor => {
    requireSupported(kernel.name, attrs);
    const geometry = convGeometry(attrs.inputShape, filter.shape, attrs, isDepthwise);
    const { batch, height, width, channelsIn } = geometry;
    const padded = resized(dy, gradientPadding(height), gradientPadding(width));
    const columns = phaseRange(width).count * width.stride;
    const images = Array.from({ length: height.stride }, (_, phase) =>
      phase < height.kernel
        ? rowsOfPhase(padded, filter, geometry, phase)
        : tf.zeros<tf.Rank.R4>([batch, phaseRange(height).count, columns, channelsIn]),
    );
    return cropToInput(interleavedRows(images), geometry);
  };
  return {
    ...kernel,
    create: (original) => composed(compute, { original, covers: ({ attrs }) => attrs.dataFormat !== 'NCHW' }),
  };
}

/** TensorFlow.js differentiates no dilated convolution on any backend, so no kernel of a gradient meets one but by hand. */
function requireSupported(kernel: string, { dataFormat, dilations = 1 }: ConvAttributes): void {
  if (dataFormat === 'NCHW') throw unsupported(kernel, "dataFormat 'NCHW'", "'NHWC'");
  if ([dilations].flat().some((rate) => rate !== 1))
    throw unsupported(kernel, `dilations ${dilations}`, 'dilations 1');
}

function unsupported(kernel: string, given: string, expected: string): BackendError {
  return new BackendError(
    `kernel ${kernel} with ${given}`,
    expected,
    'build the layer otherwise, or train on another backend.',
  );
}
