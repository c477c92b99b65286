import { convolutionOf } from '../convolution/convolution.ts';
import { convolutionInputGradient } from '../convolution/input-gradient.ts';
import { convolutionWeightGradient } from '../convolution/weight-gradient.ts';
import type { Rule } from '../rule.ts';

/** Y = X ∗ W + B, with any number of spatial axes. */
export const conv: Rule = {
  operator: 'Conv',
  gradient(call) {
    const { graph, dy, x } = call;
    const weights = call.input(1);
    const convolution = convolutionOf(call);
    const { kernel } = convolution;
    return [
      () => convolutionInputGradient(graph, convolution, dy, weights, x),
      () => convolutionWeightGradient(graph, convolution, dy, x, weights),
      () => graph.reduceSum(dy, [0, ...kernel.map((_, axis) => axis + 2)], false),
    ];
  },
};

/** The gradient of Conv with respect to its input, as an operator: its own gradients are Conv and ∂W of Conv. */
export const convTranspose: Rule = {
  operator: 'ConvTranspose',
  gradient(call) {
    const { graph, dy, x, node } = call;
    const isPlain = !node.attribute.some(({ name }) => name === 'output_shape' || name === 'auto_pad');
    if (!isPlain) throw call.refuse('with pads instead of output_shape or auto_pad');
    const convolution = convolutionOf(call);
    const { kernel, strides, dilations, padsBegin, padsEnd, group } = convolution;
    return [
      () =>
        graph.op('Conv', [dy, call.input(1)], {
          kernel_shape: { ints: kernel },
          strides: { ints: strides },
          dilations: { ints: dilations },
          pads: { ints: [...padsBegin, ...padsEnd] },
          group: { int: group },
        }),
      () => convolutionWeightGradient(graph, convolution, x, dy, call.input(1)),
      () => graph.reduceSum(dy, [0, ...kernel.map((_, axis) => axis + 2)], false),
    ];
  },
};
