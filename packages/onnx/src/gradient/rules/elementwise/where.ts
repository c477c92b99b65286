import type { Rules } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/** y = a where the condition holds, b elsewhere. */
export const where: Rules = {
  Where: {
    inputs: [1, 2],
    gradient({ graph, dy, y, node: { input } }) {
      const [condition, a, b] = [input[0]!, input[1]!, input[2]!];
      const zero = (): string => graph.scalar(0, y);
      return [
        undefined,
        () => sumToShape(graph, graph.op('Where', [condition, dy, zero()]), y, a),
        () => sumToShape(graph, graph.op('Where', [condition, zero(), dy]), y, b),
      ];
    },
  },
};
