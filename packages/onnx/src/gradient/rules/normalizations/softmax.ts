import { intAttribute } from '../../../model/attributes.ts';
import { ofFirst, type RuleCall, type Rules } from '../../rule.ts';

/** Softmax over an axis, and its logarithm. */
export const softmax: Rules = {
  /** y = softmax x: ∂x = y · (∂y − Σ ∂y · y). */
  Softmax: ofFirst((call) => {
    const { graph, dy, y } = call;
    return graph.op('Mul', [y, graph.op('Sub', [dy, sumOverAxis(call, graph.op('Mul', [dy, y]))])]);
  }),
  /** y = ln softmax x: ∂x = ∂y − eʸ · Σ ∂y. */
  LogSoftmax: ofFirst((call) => {
    const { graph, dy, y } = call;
    return graph.op('Sub', [dy, graph.op('Mul', [graph.op('Exp', [y]), sumOverAxis(call, dy)])]);
  }),
};

function sumOverAxis({ graph, node }: RuleCall, value: string): string {
  return graph.reduceSum(value, [intAttribute(node, 'axis', -1)], true);
}
