import type {
  Backbone,
  BatchNormalization,
  Convolution,
  FirstWeight,
  NetworkWriter,
  Pixels,
} from '@cf/backbones';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Attributes } from '../model/attributes.ts';
import type { Model } from '../model/model.ts';
import { markFixedWeights } from '../passes/fixed-weights.ts';

/** Name of every backbone's input: [N, 3, H, W], RGB, 0 to 255. */
export const BACKBONE_INPUT = 'data';
/** Name of every backbone's output: [N, d], not normalised. */
export const BACKBONE_OUTPUT = 'embedding';

/**
 * A backbone as an inference model with its first weights: `data` [N, 3, H, W], RGB 0 to 255, to `embedding` [N, d].
 * Nodes have the names of the layers; weights have the names and layouts of {@link FirstWeight}.
 */
export function onnxModel(backbone: Backbone): Model {
  const writer = new GraphWriter(backbone.name);
  return writer.finish(backbone.write(writer), backbone.embeddingSize);
}

class GraphWriter implements NetworkWriter<string> {
  readonly #graph: GraphBuilder;
  readonly #fixed: string[] = [];

  constructor(name: string) {
    this.#graph = new GraphBuilder({ name });
  }

  pixels({ size, mean, scale }: Pixels): string {
    const x = this.#graph.input(BACKBONE_INPUT, 'float32', ['N', 3, size, size]);
    const centered = this.#node('Sub', 'centered', [x, this.#scalar('pixel_mean', mean)]);
    return this.#node('Div', 'scaled', [centered, this.#scalar('pixel_scale', scale)]);
  }

  conv(x: string, name: string, layer: Convolution & { readonly weight: FirstWeight }): string {
    const { kernel, stride, padding, groups, weight } = layer;
    return this.#node('Conv', name, [x, this.#weight(weight)], {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: [padding, padding, padding, padding] },
      group: { int: groups },
    });
  }

  batchNorm(x: string, name: string, layer: BatchNormalization): string {
    const { weight, bias, mean, variance, epsilon, momentum, isWeightFixed } = layer;
    if (isWeightFixed) this.#fixed.push(weight.name);
    const weights = [weight, bias, mean, variance].map((one) => this.#weight(one));
    return this.#node('BatchNormalization', name, [x, ...weights], {
      epsilon: { float: epsilon },
      momentum: { float: momentum },
    });
  }

  prelu(x: string, name: string, { weight }: { readonly weight: FirstWeight }): string {
    return this.#node('PRelu', name, [x, this.#weight(weight)]);
  }

  linear(
    x: string,
    name: string,
    layer: { readonly weight: FirstWeight; readonly bias: FirstWeight },
  ): string {
    const inputs = [x, this.#weight(layer.weight), this.#weight(layer.bias)];
    return this.#node('Gemm', name, inputs, { transB: { int: 1 } });
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

  finish(x: string, d: number): Model {
    this.#node('Identity', BACKBONE_OUTPUT, [x]);
    this.#graph.output(BACKBONE_OUTPUT, 'float32', ['N', d]);
    const model = this.#graph.build();
    return this.#fixed.length === 0 ? model : markFixedWeights(model, this.#fixed);
  }

  #node(operator: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#graph.op(operator, inputs, attributes, { name, outputs: [name] });
  }

  #weight({ name, dims, data }: FirstWeight): string {
    return this.#graph.initializer(name, { type: 'float32', dims, data });
  }

  #scalar(name: string, value: number): string {
    return this.#weight({ name, dims: [], data: Float32Array.of(value) });
  }
}
