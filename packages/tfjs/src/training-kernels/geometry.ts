import * as tf from '@tensorflow/tfjs';

/** Attributes of a convolution, as the kernels of TensorFlow.js get them. */
export interface ConvAttributes {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dilations?: [number, number] | number;
}

/**
 * One spatial axis of a convolution. Padded positions u = i + `before` of the input are split into `stride` phases,
 * u = stride·q + a. Output o meets, through tap k = stride·m + a, the position q = o + m of phase a.
 */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  /** M = ⌈kernel / stride⌉: the taps of the phase that has most. */
  readonly taps: number;
}

export interface ConvGeometry {
  readonly batch: number;
  readonly height: Axis;
  readonly width: Axis;
  readonly channelsIn: number;
  readonly channelsOut: number;
}

type Shape4D = [number, number, number, number];

/** Sizes, strides and padding of a convolution over [N, H, W, C]. */
export function convGeometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attributes: ConvAttributes,
  isDepthwise: boolean,
): ConvGeometry {
  const { strides, pad, dimRoundingMode, dilations = 1 } = attributes;
  const shapes = [inputShape as Shape4D, filterShape as Shape4D] as const;
  const info = tf.backend_util.computeConv2DInfo(
    ...shapes,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    isDepthwise,
  );
  return {
    batch: info.batchSize,
    height: axis(info.inHeight, info.outHeight, info.filterHeight, info.strideHeight, info.padInfo.top),
    width: axis(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, info.padInfo.left),
    channelsIn: info.inChannels,
    channelsOut: info.outChannels,
  };
}

function axis(input: number, output: number, kernel: number, stride: number, before: number): Axis {
  return { input, output, kernel, stride, before, taps: Math.ceil(kernel / stride) };
}

/** [N, H, W, C] with rows and columns added or, where a number is negative, taken away; what is added is 0. */
export function resized(
  x: tf.Tensor4D,
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const cut = (n: number): number => Math.max(0, -n);
  const added = (a: number, b: number): [number, number] => [Math.max(0, a), Math.max(0, b)];
  const edges = [top, bottom, left, right];
  const size: Shape4D = [batch, height - cut(top) - cut(bottom), width - cut(left) - cut(right), channels];
  const kept = edges.some((n) => n < 0) ? tf.slice(x, [0, cut(top), cut(left), 0], size) : x;
  if (edges.every((n) => n <= 0)) return kept;
  return tf.pad(kept, [[0, 0], added(top, bottom), added(left, right), [0, 0]]);
}
