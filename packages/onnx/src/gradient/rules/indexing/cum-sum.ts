import { intAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/** Y = sums of all elements before, along an axis: each counts in all that come after, so the sum runs back. */
export const cumSum: Rule = ofFirst((call) => {
  const { graph, node, dy } = call;
  return graph.op('CumSum', [dy, call.input(1)], {
    exclusive: { int: intAttribute(node, 'exclusive', 0) },
    reverse: { int: 1 - intAttribute(node, 'reverse', 0) },
  });
});
