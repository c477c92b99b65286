import { intAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule } from '../../rule.ts';
import { scatterAdd } from '../../scatter-add.ts';

/** Y = the greatest element under a window: its gradient goes where MaxPool says that it was found. */
export const maxPool: Rule = ofFirst((call) => {
  const { graph, dy, node, x } = call;
  const positions = node.output[1]!;
  if (intAttribute(node, 'storage_order', 0) === 0) return scatterAdd(graph, dy, positions, x);
  // Column-major: positions in planes with their axes in reverse order.
  const rank = call.rank(x);
  const perm = [0, 1, ...Array.from({ length: rank - 2 }, (_, axis) => rank - 1 - axis)];
  return graph.transpose(scatterAdd(graph, dy, positions, graph.transpose(x, perm)), perm);
}, 2);
