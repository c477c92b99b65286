import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/**
 * A linear operator whose matrix is symmetric, as one that keeps a triangle (Trilu) or turns around the beginnings of
 * sequences (ReverseSequence): the gradient goes through the same operator.
 */
export const same: Rule = ofFirst(({ graph, node, dy }) => {
  const name = graph.freshName(`grad/${node.opType.toLowerCase()}`);
  const back = createNode(name, node.opType, [dy, ...node.input.slice(1)], [name]);
  graph.add(withFields(back, { attribute: node.attribute }));
  return name;
});
