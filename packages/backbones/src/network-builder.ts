import type { Distribution, Initialiser } from './initialiser.ts';
import type { Convolution, FirstWeight, NetworkWriter } from './network-writer.ts';

/** A convolution as a network says it: stride 1, no padding and one group by default. */
export type ConvolutionOptions = Pick<Convolution, 'from' | 'to' | 'kernel'> & Partial<Convolution>;

/** How a network starts. */
export interface NetworkStart {
  /** Side of the pictures. */
  readonly inputSize: number;
  readonly initialiser: Initialiser;
  /** Standard deviation of a convolution's first weights. */
  readonly convStd: (convolution: Convolution) => number;
}

/**
 * Says a network layer by layer to a writer, with its first weights. Layers and weights have the names that the modules
 * and parameters of the same network have in PyTorch.
 */
export class NetworkBuilder<Value> {
  readonly #writer: NetworkWriter<Value>;
  readonly #start: NetworkStart;

  constructor(writer: NetworkWriter<Value>, start: NetworkStart) {
    this.#writer = writer;
    this.#start = start;
  }

  /** Pixels 0 to 255 as (x − 127.5) / scale. */
  pixels(scale: number): Value {
    return this.#writer.pixels({ size: this.#start.inputSize, mean: 127.5, scale });
  }

  /** Without bias; starts as N(0, σ²), with the σ of the network. */
  conv(x: Value, name: string, options: ConvolutionOptions): Value {
    const layer = { stride: 1, padding: 0, groups: 1, ...options };
    const dims = [layer.to, layer.from / layer.groups, layer.kernel, layer.kernel];
    const weight = this.#drawn(`${name}.weight`, dims, { std: this.#start.convStd(layer) });
    return this.#writer.conv(x, name, { ...layer, weight });
  }

  /** @param options `fixed`: the scale stays 1 in training */
  batchNorm(x: Value, name: string, channels: number, { fixed = false }: { fixed?: boolean } = {}): Value {
    const part = (suffix: string, value: number): FirstWeight =>
      constantWeight(`${name}.${suffix}`, [channels], value);
    return this.#writer.batchNorm(x, name, {
      weight: part('weight', 1),
      bias: part('bias', 0),
      mean: part('running_mean', 0),
      variance: part('running_var', 1),
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
    const part = (suffix: string, dims: readonly number[]): FirstWeight =>
      this.#drawn(`${name}.${suffix}`, dims, { bound: 1 / Math.sqrt(from) });
    return this.#writer.linear(x, name, { weight: part('weight', [to, from]), bias: part('bias', [to]) });
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

  #drawn(name: string, dims: readonly number[], distribution: Distribution): FirstWeight {
    return { name, dims, data: this.#start.initialiser(name, sizeOf(dims), distribution) };
  }
}

function constantWeight(name: string, dims: readonly number[], value: number): FirstWeight {
  return { name, dims, data: new Float32Array(sizeOf(dims)).fill(value) };
}

function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
