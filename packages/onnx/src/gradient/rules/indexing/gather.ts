import { intAttribute } from '../../../model/attributes.ts';
import { ints } from '../../int-vector.ts';
import { ofFirst, type Rule, type RuleCall } from '../../rule.ts';
import { zeros } from '../../zeros.ts';
import { pickedGradient } from './picked.ts';

/**
 * Y = X at indices along an axis. One constant index: the gradient with zeros before and after it. Otherwise every
 * slice of it is added at its index.
 */
export const gather: Rule = ofFirst((call) => {
  const { graph, node, dy, x } = call;
  const rank = graph.shape(x)?.length;
  if (rank === undefined) return pickedGradient(call);
  const axis = (intAttribute(node, 'axis', 0) + rank) % rank;
  const indices = call.input(1);
  const known = graph.values.integers(indices);
  const size = graph.shape(x)![axis];
  if (known?.length === 1 && typeof size === 'number') return padded(call, axis, (known[0]! + size) % size);
  const at = (name: string): string =>
    graph.reshape(name, ints(...Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1))));
  const dims = Array.from({ length: rank }, (_, i) => (i === axis ? ints(-1) : graph.dimension(x, i)));
  const rows = graph.reshape(dy, graph.concatIntegers(...dims));
  const places = graph.op('Expand', [at(indices), graph.op('Shape', [rows])]);
  return graph.op('ScatterElements', [zeros(graph, graph.shapeOf(x), x), places, rows], {
    axis: { int: axis },
    reduction: { string: 'add' },
  });
});

function padded({ graph, dy, x }: RuleCall, axis: number, index: number): string {
  const shape = graph.shape(x)!;
  const dims = shape.map((_, i) => (i === axis ? ints(1) : graph.dimension(x, i)));
  const slice = graph.reshape(dy, graph.concatIntegers(...dims));
  const around = (count: number): number[] => shape.map((_, i) => (i === axis ? count : 0));
  const pads = ints(...around(index), ...around(Number(shape[axis]) - 1 - index));
  return graph.op('Pad', [slice, graph.integers(pads)]);
}
