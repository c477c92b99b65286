import { intAttribute } from '../../model/attributes.ts';
import { ints } from '../int-vector.ts';
import { ofFirst, type RuleCall, type Rules } from '../rule.ts';

/** Values one behind the other along an axis. */
export const concat: Rules = {
  /** Y = inputs one behind the other: the gradient is split in the same places, once for all inputs. */
  Concat: {
    gradient({ graph, dy, node }) {
      const axis = intAttribute(node, 'axis', 0);
      let parts: readonly string[] | undefined;
      const split = (): readonly string[] => {
        const sizes = graph.concatIntegers(...node.input.map((value) => graph.dimension(value, axis)));
        return graph.node('Split', [dy, graph.integers(sizes)], { axis: { int: axis } }, node.input.length);
      };
      return node.input.map((_, i) => () => {
        parts ??= split();
        return parts[i]!;
      });
    },
  },
  /** Parts of X one behind the other: their gradients are joined, with zeros for parts that nothing uses. */
  Split: {
    ...ofFirst((call) => {
      const { graph, node, arrived } = call;
      const parts = node.output.map((output, i) => arrived[i] ?? zerosLike(call, output));
      return graph.op('Concat', parts, { axis: { int: intAttribute(node, 'axis', 0) } });
    }),
    manyOutputs: true,
  },
};

function zerosLike(call: RuleCall, output: string): string {
  if (output === '') throw call.refuse('an output without a name');
  const { graph, x } = call;
  const zero = graph.reshape(graph.scalar(0, x), ints(1));
  return graph.op('Expand', [zero, graph.shapeOf(output)]);
}
