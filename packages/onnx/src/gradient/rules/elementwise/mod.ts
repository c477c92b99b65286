import type { Rule } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/** y = a − b · q, where q = a / b is rounded towards 0 with `fmod`: ∂a = ∂y, ∂b = −∂y · q. */
export const mod: Rule = {
  gradient({ graph, dy, y, node: { input } }) {
    const [a, b] = [input[0]!, input[1]!];
    return [
      () => sumToShape(graph, dy, y, a),
      () => {
        // (a − y) / b is q up to rounding, whatever way the quotient was rounded.
        const quotient = graph.op('Round', [graph.op('Div', [graph.op('Sub', [a, y]), b])]);
        return graph.op('Neg', [sumToShape(graph, graph.op('Mul', [dy, quotient]), y, b)]);
      },
    ];
  },
};
