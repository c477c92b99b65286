import { intAttribute } from '../../../model/attributes.ts';
import { ints } from '../../int-vector.ts';
import { ofFirst, type Rule, type RuleCall } from '../../rule.ts';
import { zeros } from '../../zeros.ts';

/** Parts of X one behind the other: their gradients are joined, with zeros for parts that nothing uses. */
export const split: Rule = {
  ...ofFirst((call) => {
    const { graph, node, arrived } = call;
    const parts = node.output.map(
      (output, i) =>
        arrived[i] ?? (output === '' ? zerosOfPart(call, i) : zeros(graph, graph.shapeOf(output), call.x)),
    );
    return graph.op('Concat', parts, { axis: { int: intAttribute(node, 'axis', 0) } });
  }),
  manyOutputs: true,
};

/** Zeros for a part without a name: X's shape, but for the axis that is split. */
function zerosOfPart(call: RuleCall, i: number): string {
  const { graph, node, x } = call;
  const axis = graph.integers(ints(intAttribute(node, 'axis', 0)));
  const shape = graph.op('ScatterElements', [graph.shapeOf(x), axis, sizeOfPart(call, i)]);
  return zeros(graph, shape, x);
}

/** Parts are of one size, rounded up, and the last is what is left, unless sizes are given. */
function sizeOfPart(call: RuleCall, i: number): string {
  const { graph, node, x } = call;
  const at = (name: string, index: number): string => graph.op('Gather', [name, graph.integers(ints(index))]);
  if (call.has(1)) return at(call.input(1), i);
  const count = node.output.length;
  const size = graph.integers(graph.dimension(x, intAttribute(node, 'axis', 0)));
  const above = graph.op('Add', [size, graph.integers(ints(count - 1))]);
  const part = graph.op('Div', [above, graph.integers(ints(count))]);
  if (i < count - 1) return part;
  return graph.op('Sub', [size, graph.op('Mul', [part, graph.integers(ints(count - 1))])]);
}
