import { convolutionOf } from '../../convolution/convolution.ts';
import { convolutionInputGradient } from '../../convolution/input-gradient.ts';
import { convolutionWeightGradient } from '../../convolution/weight-gradient.ts';
import type { Rule, RuleCall } from '../../rule.ts';

/** Y = X ∗ W + B, with any number of spatial axes. */
export const conv: Rule = {
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
};

/** ∂B: the sum over batch and positions. */
export function biasGradient({ graph, dy }: RuleCall, kernel: readonly number[]): string {
  return graph.reduceSum(dy, [0, ...kernel.map((_, axis) => axis + 2)], false);
}
