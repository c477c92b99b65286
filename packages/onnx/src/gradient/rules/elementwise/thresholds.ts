import { floatAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rules } from '../../rule.ts';
import { passedWhere } from './rectifiers.ts';

/** Straight where a number is large enough, and 0 elsewhere; the slope at the threshold is 0, as in PyTorch. */
export const thresholds: Rules = {
  /** y = x where x > α, 0 elsewhere. */
  ThresholdedRelu: ofFirst(({ graph, dy, x, node }) =>
    passedWhere(graph, graph.op('Greater', [x, graph.scalar(floatAttribute(node, 'alpha', 1), x)]), dy),
  ),
  /** y = x ± bias where |x| > λ, 0 elsewhere. */
  Shrink: ofFirst(({ graph, dy, x, node }) => {
    const lambda = graph.scalar(floatAttribute(node, 'lambd', 0.5), x);
    return passedWhere(graph, graph.op('Greater', [graph.op('Abs', [x]), lambda]), dy);
  }),
  /** y = |x|: the slope at 0 is 0. */
  Abs: ofFirst(({ graph, dy, x }) => graph.op('Mul', [dy, graph.op('Sign', [x])])),
};
