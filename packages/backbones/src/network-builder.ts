import type { Initialiser } from './initialiser.ts';
import type { Convolution, FirstWeight, NetworkWriter } from './network-writer.ts';

/** A convolution as a network says it: stride 1, no padding and one group by default. */
export type ConvolutionOptions = Pick<Convolution, 'from' | 'to' | 'kernel'> & Partial<Convolution>;

/** What a builder needs to know. */
export interface NetworkBuilderOptions {
  /** Side of the pictures. */
  readonly inputSize: number;
  readonly initialiser: Initialiser;
  /** Standard deviation of a convolution's first weights. */
  readonly convStd: (convolution: Convolution) => number;
}

/**
 * Describes a network layer by layer to a writer, with its first weights. Layers and weights have the names that the
 * modules and parameters of the same network have in PyTorch.
 */
export class NetworkBuilder<Value> {
  readonly #writer: NetworkWriter<Value>;
  readonly #options: NetworkBuilderOptions;

  constructor(writer: NetworkWriter<Value>, options: NetworkBuilderOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  /** Pixels 0 to 255 as (x − 127.5) / scale. */
  pixels(scale: number): Value {
    return this.#writer.pixels({ size: this.#options.inputSize, mean: 127.5, scale });
  }

  /** Without bias; starts as N(0, σ²), with the σ of the network. */
  conv(x: Value, name: string, options: ConvolutionOptions): Value {
    const layer = { stride: 1, padding: 0, groups: 1, ...options };
    const { from, to, kernel, groups } = layer;
    const { initialiser, convStd } = this.#options;
    const std = convStd(layer);
    const dims = [to, from / groups, kernel, kernel];
    const draw = (weight: string, count: number): Float32Array => initialiser.normal(weight, count, std);
    return this.#writer.conv(x, name, { ...layer, weight: firstWeight(`${name}.weight`, dims, draw) });
  }

  /** @param options `fixed`: the scale stays 1 in training */
  batchNorm(x: Value, name: string, channels: number, { fixed = false }: { fixed?: boolean } = {}): Value {
    const constant = (part: string, value: number): FirstWeight =>
      constantWeight(`${name}.${part}`, [channels], value);
    return this.#writer.batchNorm(x, name, {
      weight: constant('weight', 1),
      bias: constant('bias', 0),
      mean: constant('running_mean', 0),
      variance: constant('running_var', 1),
      epsilon: 1e-5,
      momentum: 0.9,
      isWeightFixed: fixed,
    });
  }

  /** One slope a channel, 0.25 at first. */
  prelu(x: Value, name: string, channels: number): Value {
    return this.#writer.prelu(x, name, { weight: constantWeight(`${name}.weight`, [channels, 1, 1], 0.25) });
  }

  /** y = x · Wᵀ + b, W and b uniform in ±1/√from, as PyTorch's linear layers start. */
  linear(x: Value, name: string, { from, to }: { from: number; to: number }): Value {
    const draw = (weight: string, count: number): Float32Array =>
      this.#options.initialiser.uniform(weight, count, 1 / Math.sqrt(from));
    return this.#writer.linear(x, name, {
      weight: firstWeight(`${name}.weight`, [to, from], draw),
      bias: firstWeight(`${name}.bias`, [to], draw),
    });
  }

  /** Takes a share of the numbers away in training. */
  dropout(x: Value, name: string, ratio: number): Value {
    return this.#writer.dropout(x, name, ratio);
  }

  flatten(x: Value, name: string): Value {
    return this.#writer.flatten(x, name);
  }

  add(a: Value, b: Value, name: string): Value {
    return this.#writer.add(a, b, name);
  }
}

function firstWeight(
  name: string,
  dims: readonly number[],
  draw: (name: string, count: number) => Float32Array,
): FirstWeight {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { name, dims, data: draw(name, count) };
}

function constantWeight(name: string, dims: readonly number[], value: number): FirstWeight {
  return firstWeight(name, dims, (_, count) => new Float32Array(count).fill(value));
}
