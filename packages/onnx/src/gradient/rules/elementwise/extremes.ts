import { once } from '../../once.ts';
import type { Rule, Rules } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/** y = the greatest (or the least) of the operands, element by element: those that are it share equally, as in PyTorch. */
const shared: Rule = {
  gradient({ graph, dy, y, node: { input } }) {
    if (input.length === 1) return [() => dy];
    const isFound = input.map((x) => once(() => graph.cast(graph.op('Equal', [x, y]), dy)));
    const share = once(() => {
      const count = graph.op(
        'Sum',
        isFound.map((found) => found()),
      );
      return graph.op('Div', [dy, count]);
    });
    return input.map((x, i) => () => sumToShape(graph, graph.op('Mul', [share(), isFound[i]!()]), y, x));
  },
};

/** Operators that pick the greatest or the least operand. */
export const extremes: Rules = { Max: shared, Min: shared };
