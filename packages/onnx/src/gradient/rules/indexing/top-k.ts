import { intAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule } from '../../rule.ts';
import { zeros } from '../../zeros.ts';

/** Y = the greatest or least elements along an axis: their gradients go back to where they were found. */
export const topK: Rule = ofFirst(({ graph, node, x, dy }) => {
  const data = zeros(graph, graph.shapeOf(x), x);
  return graph.op('ScatterElements', [data, node.output[1]!, dy], {
    axis: { int: intAttribute(node, 'axis', -1) },
  });
}, 2);
