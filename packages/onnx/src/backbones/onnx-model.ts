import type { Backbone, FirstWeight } from '@cf/backbones';
import { GraphBuilder } from '../builder/graph-builder.ts';
import type { Attributes } from '../model/attributes.ts';
import type { Model } from '../model/model.ts';
import { markFixedWeights } from '../passes/training-form/fixed-weights.ts';

/** Name of every backbone's input: [N, 3, H, W], RGB, 0 to 255. */
export const BACKBONE_INPUT = 'data';
/** Name of every backbone's output: [N, d], not normalised. */
export const BACKBONE_OUTPUT = 'embedding';

/**
 * A backbone as an inference model with its first weights: `data` [N, 3, H, W], RGB 0 to 255, to `embedding` [N, d].
 * Nodes have the names of the layers, initializers those of the weights.
 */
export function onnxModel(backbone: Backbone): Model {
  const graph = new GraphBuilder({ name: backbone.name });
  const fixed: string[] = [];
  const node = (operator: string, name: string, inputs: string[], attributes: Attributes = {}): string =>
    graph.op(operator, inputs, attributes, { name, outputs: [name] });
  const initializer = ({ name, dims, data }: FirstWeight): string =>
    graph.initializer(name, { type: 'float32', dims, data });
  const scalar = (name: string, value: number): string =>
    initializer({ name, dims: [], data: Float32Array.of(value) });

  const embedding = backbone.write<string>({
    pixels({ size, mean, scale }) {
      const x = graph.input(BACKBONE_INPUT, 'float32', ['N', 3, size, size]);
      const centered = node('Sub', 'centered', [x, scalar('pixel_mean', mean)]);
      return node('Div', 'scaled', [centered, scalar('pixel_scale', scale)]);
    },
    conv: (x, name, { kernel, stride, padding, groups, weight }) =>
      node('Conv', name, [x, initializer(weight)], {
        kernel_shape: { ints: [kernel, kernel] },
        strides: { ints: [stride, stride] },
        pads: { ints: [padding, padding, padding, padding] },
        group: { int: groups },
      }),
    batchNorm(x, name, { weight, bias, mean, variance, epsilon, momentum, isWeightFixed }) {
      if (isWeightFixed) fixed.push(weight.name);
      return node('BatchNormalization', name, [x, ...[weight, bias, mean, variance].map(initializer)], {
        epsilon: { float: epsilon },
        momentum: { float: momentum },
      });
    },
    prelu: (x, name, { weight }) => node('PRelu', name, [x, initializer(weight)]),
    linear: (x, name, { weight, bias }) =>
      node('Gemm', name, [x, initializer(weight), initializer(bias)], { transB: { int: 1 } }),
    // Off, as it is in inference; its ratio is there for training.
    dropout: (x, name, ratio) => node('Dropout', name, [x, scalar(`${name}.ratio`, ratio)]),
    flatten: (x, name) => node('Flatten', name, [x]),
    add: (a, b, name) => node('Add', name, [a, b]),
  });

  node('Identity', BACKBONE_OUTPUT, [embedding]);
  graph.output(BACKBONE_OUTPUT, 'float32', ['N', backbone.embeddingSize]);
  const model = graph.build();
  return fixed.length === 0 ? model : markFixedWeights(model, fixed);
}
