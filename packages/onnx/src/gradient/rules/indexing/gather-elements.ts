import { intAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule } from '../../rule.ts';
import { zeros } from '../../zeros.ts';

/** Y = elements of X at indices along an axis, one for each index: every gradient is added at its index. */
export const gatherElements: Rule = ofFirst((call) => {
  const { graph, node, x, dy } = call;
  return graph.op('ScatterElements', [zeros(graph, graph.shapeOf(x), x), call.input(1), dy], {
    axis: { int: intAttribute(node, 'axis', 0) },
    reduction: { string: 'add' },
  });
});
