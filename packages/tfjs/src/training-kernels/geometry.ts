import * as tf from '@tensorflow/tfjs-core';

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
  height: readonly [number, number],
  width: readonly [number, number],
): tf.Tensor4D {
  const [batch, rows, columns, channels] = x.shape;
  const edges = [...height, ...width];
  const [top, bottom, left, right] = edges.map((n) => Math.max(0, n)) as Shape4D;
  const padding: [number, number][] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const grown = edges.some((n) => n > 0) ? tf.pad(x, padding) : x;
  if (edges.every((n) => n >= 0)) return grown;
  const begin: Shape4D = [0, top - height[0], left - width[0], 0];
  const size: Shape4D = [batch, rows + height[0] + height[1], columns + width[0] + width[1], channels];
  return tf.slice(grown, begin, size);
}
