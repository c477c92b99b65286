import { floatAttribute, intAttribute } from '../../../model/attributes.ts';
import type { Rule } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/** Y = α · A′ · B′ + β · C, where ′ transposes or not: every gradient is a product of the same kind. */
export const gemm: Rule = {
  gradient({ graph, dy, y, node }) {
    const [a, b, c] = [node.input[0]!, node.input[1]!, node.input[2]!];
    const transA = intAttribute(node, 'transA', 0);
    const transB = intAttribute(node, 'transB', 0);
    const alpha = floatAttribute(node, 'alpha', 1);
    const beta = floatAttribute(node, 'beta', 1);
    const product = (left: string, transLeft: number, right: string, transRight: number): string =>
      graph.op('Gemm', [left, right], {
        alpha: { float: alpha },
        transA: { int: transLeft },
        transB: { int: transRight },
      });
    return [
      () => (transA === 0 ? product(dy, 0, b, 1 - transB) : product(b, transB, dy, 1)),
      () => (transB === 0 ? product(a, 1 - transA, dy, 0) : product(dy, 1, a, transA)),
      () => {
        const sum = sumToShape(graph, dy, y, c);
        return beta === 1 ? sum : graph.op('Mul', [sum, graph.scalar(beta, c)]);
      },
    ];
  },
};
