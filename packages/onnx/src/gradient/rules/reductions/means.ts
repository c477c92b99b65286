import { ofFirst, type RuleCall, type Rules } from '../../rule.ts';
import { repeated } from './axes.ts';

/** Sums and means. */
export const means: Rules = {
  /** The gradient of a sum is repeated along its axes. */
  ReduceSum: ofFirst((call) => repeated(call, call.dy)),
  /** As the sum, divided by the number of elements in a mean. */
  ReduceMean: ofFirst((call) => repeated(call, shared(call))),
  /** Y = mean over all spatial axes, which stay with size 1. */
  GlobalAveragePool: ofFirst((call) => call.graph.op('Expand', [shared(call), call.graph.shapeOf(call.x)])),
};

/** Gradient of a mean's every element: ∂y divided by the number of elements of x for one of y. */
function shared({ graph, dy, x, y }: RuleCall): string {
  return graph.op('Div', [dy, graph.ratioOfSizes(x, y)]);
}
