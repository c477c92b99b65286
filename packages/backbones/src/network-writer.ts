/** A weight before training. Names and layouts are PyTorch's, but for PReLU's slopes, [C, 1, 1]. */
export interface FirstWeight {
  /** Layer and part, such as `layer1.0.conv1.weight`. */
  readonly name: string;
  readonly dims: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** Square pictures [N, 3, size, size], RGB 0 to 255, taken as (x − mean) / scale. */
export interface Pixels {
  readonly size: number;
  readonly mean: number;
  readonly scale: number;
}

/** A convolution without bias, with a square kernel and the same padding on all four sides. */
export interface Convolution {
  /** Channels in. */
  readonly from: number;
  /** Channels out. */
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** Groups of channels that do not see each other; `from` makes it depthwise. */
  readonly groups: number;
}

/** Statistics of a batch in training, running ones in evaluation: kept ← momentum · kept + (1 − momentum) · new. */
export interface BatchNormalization {
  readonly weight: FirstWeight;
  readonly bias: FirstWeight;
  readonly mean: FirstWeight;
  readonly variance: FirstWeight;
  readonly epsilon: number;
  readonly momentum: number;
  /** Whether training leaves `weight` as it is. */
  readonly isWeightFixed: boolean;
}

/**
 * What a framework can write: layers, each with a name of its own. A `Value` is what stands between two layers: a name in
 * a graph, a symbolic tensor. Writers draw no weights; they are given them.
 */
export interface NetworkWriter<Value> {
  /** The input of the network; called once, first. */
  pixels(pixels: Pixels): Value;
  /** @param layer `weight` is [to, from / groups, kernel, kernel] */
  conv(x: Value, name: string, layer: Convolution & { readonly weight: FirstWeight }): Value;
  batchNorm(x: Value, name: string, layer: BatchNormalization): Value;
  /** One slope a channel. */
  prelu(x: Value, name: string, layer: { readonly weight: FirstWeight }): Value;
  /** y = x · Wᵀ + b, W [to, from]. */
  linear(x: Value, name: string, layer: { readonly weight: FirstWeight; readonly bias: FirstWeight }): Value;
  /** @param ratio the share of numbers that training takes away, 0 ≤ ratio < 1 */
  dropout(x: Value, name: string, ratio: number): Value;
  /** [N, C, H, W] to [N, C·H·W], in that order to whoever sees the weights. */
  flatten(x: Value, name: string): Value;
  add(a: Value, b: Value, name: string): Value;
}
