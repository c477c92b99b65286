import { sizeOf } from '../model/dims.ts';
import type { TensorData } from '../model/tensor.ts';
import { roundedToEven } from './linear-scale.ts';

/** Types that weights are kept in. */
export type WeightType = 'uint8' | 'int8';

/** Weights in bytes, with a scale for each output channel, and their bias in whole steps of x's scale times that. */
export interface QuantisedWeights {
  readonly bytes: TensorData;
  /** [channels]. */
  readonly scales: Float32Array<ArrayBuffer>;
  /** Stands for 0, of every channel. */
  readonly zeroPoint: number;
  readonly bias: Int32Array<ArrayBuffer> | undefined;
}

/** The largest byte on either side of 0: as many below it as above. */
const MOST = 127;
/** A bias stays under this many steps, so that sums of products have room beside it. */
const MOST_BIAS = 2 ** 30;

/**
 * Weights by output channel: 0 is exact, and the largest one of each channel is 127 steps from it.
 *
 * @param axis of the output channels
 * @param bias [channels]
 * @param inputScale of the activations that the weights are multiplied with: the bias is in its steps
 */
export function quantisedWeights(
  weights: Float32Array,
  {
    dims,
    axis,
    type,
    bias,
    inputScale,
  }: {
    readonly dims: readonly number[];
    readonly axis: number;
    readonly type: WeightType;
    readonly bias: Float32Array | undefined;
    readonly inputScale: number;
  },
): QuantisedWeights {
  const channels = dims[axis]!;
  const inner = sizeOf(dims.slice(axis + 1));
  const channelOf = (i: number): number => Math.floor(i / inner) % channels;
  const largest = new Float64Array(channels);
  for (const [i, weight] of weights.entries()) {
    const channel = channelOf(i);
    largest[channel] = Math.max(largest[channel]!, Math.abs(weight));
  }
  const scales = Float32Array.from(largest, (most, channel) => {
    const ofBias = Math.abs(bias?.[channel] ?? 0) / (inputScale * MOST_BIAS);
    return Math.max(most / MOST, ofBias, 2 ** -100) || 1;
  });
  const zeroPoint = type === 'uint8' ? MOST + 1 : 0;
  const steps = (i: number): number => {
    const step = roundedToEven(weights[i]! / scales[channelOf(i)]!);
    return Math.min(MOST, Math.max(-MOST, step)) + zeroPoint;
  };
  const bytes: TensorData =
    type === 'uint8'
      ? { type, dims, data: Uint8Array.from(weights.keys(), steps) }
      : { type, dims, data: Int8Array.from(weights.keys(), steps) };
  return {
    bytes,
    scales,
    zeroPoint,
    bias: bias && Int32Array.from(bias, (b, channel) => Math.round(b / (inputScale * scales[channel]!))),
  };
}
