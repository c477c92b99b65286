import { intAttribute } from '../../model/attributes.ts';
import { ints } from '../int-vector.ts';
import type { Rule, RuleCall } from '../rule.ts';

/** Y = inputs one behind the other: the gradient is split in the same places, once for all inputs. */
export const concat: Rule = {
  operator: 'Concat',
  gradient(call) {
    const { graph, dy, node } = call;
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
};

/** Parts of X one behind the other: their gradients are joined, with zeros for parts that nothing uses. */
export const split: Rule = {
  operator: 'Split',
  inputs: [0],
  manyOutputs: true,
  gradient(call) {
    const { graph, node, arrived } = call;
    return [
      () => {
        const parts = node.output.map((output, i) => arrived[i] ?? zerosLike(call, output));
        return graph.op('Concat', parts, { axis: { int: intAttribute(node, 'axis', 0) } });
      },
    ];
  },
};

function zerosLike({ graph, x, refuse }: RuleCall, output: string): string {
  if (output === '') throw refuse('an output without a name');
  const zero = graph.reshape(graph.scalar(0, x), ints(1));
  return graph.op('Expand', [zero, graph.shapeOf(output)]);
}
