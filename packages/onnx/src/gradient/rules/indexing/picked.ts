import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import type { RuleCall } from '../../rule.ts';
import { scatterAdd } from '../../scatter-add.ts';

/**
 * An operator that picks elements of X by position: the same operator, applied to the positions 0, 1, 2 … in X's
 * shape, tells where every gradient belongs. Elements picked twice get both.
 */
export function pickedGradient(call: RuleCall): string {
  const { graph, node, x } = call;
  const range = graph.op('Range', [graph.integerScalar(0), graph.sizeOf(x), graph.integerScalar(1)]);
  const positions = graph.op('Reshape', [range, graph.shapeOf(x)]);
  const name = graph.freshName('grad/picked');
  const pick = createNode(name, node.opType, [positions, ...node.input.slice(1)], [name]);
  graph.add(withFields(pick, { attribute: node.attribute }));
  return scatterAdd(graph, call.dy, name, x);
}
