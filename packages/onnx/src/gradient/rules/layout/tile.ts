import { type IntVector, ints } from '../../int-vector.ts';
import { ofFirst, type Rule, type RuleCall } from '../../rule.ts';

/** Y = copies of X along every axis: the gradients of the copies are summed. */
export const tile: Rule = ofFirst((call) => {
  const { graph, dy, x } = call;
  const apart = graph.reshape(dy, copiesAndSizes(call));
  const rank = graph.shape(x)?.length;
  const axes =
    rank === undefined
      ? graph.op('Range', [
          graph.integerScalar(0),
          graph.op('Size', [graph.integers(copiesAndSizes(call))]),
          graph.integerScalar(2),
        ])
      : graph.integers(ints(...Array.from({ length: rank }, (_, axis) => 2 * axis)));
  return graph.reshapeLike(graph.op('ReduceSum', [apart, axes], { keepdims: { int: 0 } }), x);
});

/** How often each axis is repeated and its size, in turn. */
function copiesAndSizes({ graph, node, x }: RuleCall): IntVector {
  const repeats = node.input[1]!;
  const [copies, sizes] = [graph.values.integers(repeats), graph.dims(x)];
  if (copies !== undefined && 'known' in sizes) {
    return ints(...copies.flatMap((count, axis) => [count, sizes.known[axis]!]));
  }
  const columns = [repeats, graph.integers(sizes)].map((vector) => graph.unsqueeze(vector, 1));
  return { value: graph.reshape(graph.op('Concat', columns, { axis: { int: 1 } }), ints(-1)) };
}
