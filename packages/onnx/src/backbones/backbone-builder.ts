import { requireInteger } from '@cf/core';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Attributes } from '../model/attributes.ts';
import type { Model } from '../model/model.ts';
import type { TensorData } from '../model/tensor.ts';
import { markFixedWeights } from '../passes/fixed-weights.ts';
import { type Initialiser, seededInitialiser, zeroInitialiser } from './initialiser.ts';

/** Name of every backbone's input: [N, 3, H, W], RGB, 0 to 255. */
export const BACKBONE_INPUT = 'data';
/** Name of every backbone's output: [N, d], not normalised. */
export const BACKBONE_OUTPUT = 'embedding';

/** What all backbones can be told. */
export interface BackboneOptions {
  /** Seed of the weights, an integer; 0 by default. */
  readonly seed?: number;
  /** `zeros` skips the drawing of numbers, for weights that will be loaded; `seeded` by default. */
  readonly weights?: 'seeded' | 'zeros';
}

/** A convolution without bias. */
export interface ConvOptions {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
}

/**
 * Writes a network layer by layer. Nodes and weights have the names that the modules and parameters of the same
 * network have in PyTorch; layouts are PyTorch's too, but for PRelu's slopes, [C, 1, 1].
 */
export class BackboneBuilder {
  readonly #graph: GraphBuilder;
  readonly #initialiser: Initialiser;
  readonly #convStd: (options: ConvOptions) => number;
  readonly #fixed: string[] = [];

  /** @param convStd standard deviation of a convolution's first weights */
  constructor(name: string, options: BackboneOptions, convStd: (options: ConvOptions) => number) {
    const { seed = 0, weights = 'seeded' } = options;
    requireInteger('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    this.#graph = new GraphBuilder({ name });
    this.#initialiser = weights === 'zeros' ? zeroInitialiser : seededInitialiser(seed);
    this.#convStd = convStd;
  }

  /** Pixels 0 to 255 as (x − 127.5) / scale. */
  pixels(size: number, scale: number): string {
    const x = this.#graph.input(BACKBONE_INPUT, 'float32', ['N', 3, size, size]);
    const centered = this.#node('Sub', 'centered', [x, this.#scalar('pixel_mean', 127.5)]);
    return this.#node('Div', 'scaled', [centered, this.#scalar('pixel_scale', scale)]);
  }

  conv(x: string, name: string, options: ConvOptions): string {
    const { from, to, kernel, stride = 1, padding = 0, groups = 1 } = options;
    const dims = [to, from / groups, kernel, kernel];
    const weight = `${name}.weight`;
    const data = this.#initialiser.normal(weight, count(dims), this.#convStd(options));
    this.#weight(weight, dims, data);
    return this.#node('Conv', name, [x, weight], {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: [padding, padding, padding, padding] },
      group: { int: groups },
    });
  }

  /** @param options `fixed`: the scale stays 1 in training */
  batchNorm(x: string, name: string, channels: number, { fixed = false }: { fixed?: boolean } = {}): string {
    const vector = (part: string, value: number): string =>
      this.#weight(`${name}.${part}`, [channels], new Float32Array(channels).fill(value));
    const scale = vector('weight', 1);
    if (fixed) this.#fixed.push(scale);
    const inputs = [x, scale, vector('bias', 0), vector('running_mean', 0), vector('running_var', 1)];
    return this.#node('BatchNormalization', name, inputs, {
      epsilon: { float: 1e-5 },
      momentum: { float: 0.9 },
    });
  }

  prelu(x: string, name: string, channels: number): string {
    const slope = this.#weight(`${name}.weight`, [channels, 1, 1], new Float32Array(channels).fill(0.25));
    return this.#node('PRelu', name, [x, slope]);
  }

  /** y = x · Wᵀ + b, W and b uniform in ±1/√from, as PyTorch's linear layers start. */
  linear(x: string, name: string, from: number, to: number): string {
    const bound = 1 / Math.sqrt(from);
    const [weight, bias] = [`${name}.weight`, `${name}.bias`];
    this.#weight(weight, [to, from], this.#initialiser.uniform(weight, to * from, bound));
    this.#weight(bias, [to], this.#initialiser.uniform(bias, to, bound));
    return this.#node('Gemm', name, [x, weight, bias], { transB: { int: 1 } });
  }

  /** Dropout as it is in inference, off; its ratio is there for training. */
  dropout(x: string, name: string, ratio: number): string {
    return this.#node('Dropout', name, [x, this.#scalar(`${name}.ratio`, ratio)]);
  }

  flatten(x: string, name: string): string {
    return this.#node('Flatten', name, [x]);
  }

  add(a: string, b: string, name: string): string {
    return this.#node('Add', name, [a, b]);
  }

  /** The network, with `x` as its embedding of d numbers. */
  finish(x: string, d: number): Model {
    this.#node('Identity', BACKBONE_OUTPUT, [x]);
    this.#graph.output(BACKBONE_OUTPUT, 'float32', ['N', d]);
    const model = this.#graph.build();
    return this.#fixed.length === 0 ? model : markFixedWeights(model, this.#fixed);
  }

  #node(operator: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#graph.op(operator, inputs, attributes, { name, outputs: [name] });
  }

  #weight(name: string, dims: readonly number[], data: Float32Array): string {
    return this.#graph.initializer(name, { type: 'float32', dims, data } satisfies TensorData);
  }

  #scalar(name: string, value: number): string {
    return this.#graph.initializer(name, { type: 'float32', dims: [], data: Float32Array.of(value) });
  }
}

function count(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
