import { intAttribute } from '../../../model/attributes.ts';
import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import { ofFirst, type Rule, type RuleCall } from '../../rule.ts';
import { PlaneWindows } from './spread-windows.ts';

/**
 * Y = the mean under a window, a convolution of every channel with ones, divided by the number of elements that
 * count: all of the window, or (without `count_include_pad`) those that are not padding.
 */
export const averagePool: Rule = ofFirst((call) => {
  const { graph, dy, x, node } = call;
  const windows = new PlaneWindows(call);
  const reachesOut = windows.isPadded || intAttribute(node, 'ceil_mode', 0) !== 0;
  if (!reachesOut) return windows.spread(graph.op('Div', [dy, graph.scalar(windows.size, x)]));
  const counts = windows.counts();
  if (intAttribute(node, 'count_include_pad', 0) === 0) return windows.spread(graph.op('Div', [dy, counts]));
  // What the operator makes of ones tells what it divides by, also where ceil_mode goes beyond the padding.
  const share = graph.op('Div', [pooledOnes(call, windows.onesPlane()), counts]);
  return windows.spread(graph.op('Mul', [dy, share]));
});

function pooledOnes({ graph, node }: RuleCall, ones: string): string {
  const name = graph.freshName('grad/averagepool');
  graph.add(withFields(createNode(name, node.opType, [ones], [name]), { attribute: node.attribute }));
  return name;
}
