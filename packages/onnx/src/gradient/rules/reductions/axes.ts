import { intAttribute, intsAttribute } from '../../../model/attributes.ts';
import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import type { RuleCall } from '../../rule.ts';

/** Sums over the axes that a node reduces, and keeps of them what it keeps. */
export function sumOfSame(call: RuleCall, value: string): string {
  const { graph, node } = call;
  const axes = intsAttribute(node, 'axes');
  const given = axes === undefined ? node.input.slice(1) : [graph.integers({ known: axes })];
  return graph.op('ReduceSum', [value, ...given], {
    keepdims: { int: intAttribute(node, 'keepdims', 1) },
    noop_with_empty_axes: { int: intAttribute(node, 'noop_with_empty_axes', 0) },
  });
}

/** A node's own reduction, of another value of the same shape. */
export function sameOf({ graph, node }: RuleCall, value: string): string {
  const name = graph.freshName(`grad/${node.opType.toLowerCase()}`);
  const again = createNode(name, node.opType, [value, ...node.input.slice(1)], [name]);
  graph.add(withFields(again, { attribute: node.attribute }));
  return name;
}

/** What there is one of for every result, for every element of x. */
export function repeated(call: RuleCall, value: string): string {
  const { graph, node, x } = call;
  const axes = intsAttribute(node, 'axes');
  const isNoop = !call.has(1) && axes === undefined && intAttribute(node, 'noop_with_empty_axes', 0) !== 0;
  if (isNoop) return value;
  const keeps = intAttribute(node, 'keepdims', 1) !== 0;
  return graph.op('Expand', [keeps ? value : withAxes(call, value, axes), graph.shapeOf(x)]);
}

/** Puts the reduced axes back with size 1; a number for all of them is a scalar, which needs none. */
function withAxes(call: RuleCall, value: string, axes: readonly number[] | undefined): string {
  const { graph } = call;
  if (axes !== undefined) return axes.length === 0 ? value : graph.unsqueeze(value, ...axes);
  if (!call.has(1) || graph.values.integers(call.input(1))?.length === 0) return value;
  return graph.op('Unsqueeze', [value, call.input(1)]);
}
