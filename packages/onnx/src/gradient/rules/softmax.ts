import { intAttribute } from '../../model/attributes.ts';
import type { Rule, RuleCall } from '../rule.ts';

/** y = softmax x: ∂x = y · (∂y − Σ ∂y · y). */
export const softmax: Rule = {
  operator: 'Softmax',
  gradient: (call) => [
    () => {
      const { graph, dy, y } = call;
      return graph.op('Mul', [y, graph.op('Sub', [dy, sumOverAxis(call, graph.op('Mul', [dy, y]))])]);
    },
  ],
};

/** y = ln softmax x: ∂x = ∂y − eʸ · Σ ∂y. */
export const logSoftmax: Rule = {
  operator: 'LogSoftmax',
  gradient: (call) => [
    () => {
      const { graph, dy, y } = call;
      return graph.op('Sub', [dy, graph.op('Mul', [graph.op('Exp', [y]), sumOverAxis(call, dy)])]);
    },
  ],
};

function sumOverAxis({ graph, node }: RuleCall, value: string): string {
  return graph.reduceSum(value, [intAttribute(node, 'axis', -1)], true);
}
