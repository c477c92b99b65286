import { convolutionOf, windowAttributes } from '../convolution/convolution.ts';
import { convolutionInputGradient } from '../convolution/input-gradient.ts';
import { convolutionWeightGradient } from '../convolution/weight-gradient.ts';
import type { RuleCall, Rules } from '../rule.ts';

/** Convolutions with any number of spatial axes. */
export const conv: Rules = {
  /** Y = X ∗ W + B. */
  Conv: {
    gradient(call) {
      const { graph, dy, x } = call;
      const weights = call.input(1);
      const convolution = convolutionOf(call);
      return [
        () => convolutionInputGradient(graph, convolution, dy, weights, x),
        () => convolutionWeightGradient(graph, convolution, dy, x, weights),
        () => biasGradient(call, convolution.kernel),
      ];
    },
  },
  /** The gradient of Conv with respect to its input, as an operator: its own gradients are Conv and ∂W of Conv. */
  ConvTranspose: {
    gradient(call) {
      const { graph, dy, x, node } = call;
      const isPlain = !node.attribute.some(({ name }) => name === 'output_shape' || name === 'auto_pad');
      if (!isPlain) throw call.refuse('with pads instead of output_shape or auto_pad');
      const convolution = convolutionOf(call);
      const { kernel, padsBegin, padsEnd } = convolution;
      const pads = { ints: [...padsBegin, ...padsEnd] };
      return [
        () => graph.op('Conv', [dy, call.input(1)], { ...windowAttributes(convolution), pads }),
        () => convolutionWeightGradient(graph, convolution, x, dy, call.input(1)),
        () => biasGradient(call, kernel),
      ];
    },
  },
};

function biasGradient({ graph, dy }: RuleCall, kernel: readonly number[]): string {
  return graph.reduceSum(dy, [0, ...kernel.map((_, axis) => axis + 2)], false);
}
