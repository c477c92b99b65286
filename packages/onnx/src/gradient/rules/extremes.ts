import { once } from '../once.ts';
import type { Rule, Rules } from '../rule.ts';
import { sumToShape } from '../sum-to-shape.ts';

/** y = the greatest (or the least) of the operands, element by element: the gradient goes to the first that is. */
const first: Rule = {
  gradient({ graph, dy, y, node: { input } }) {
    const isFound = input.map((x) => once(() => graph.op('Equal', [x, y])));
    const isBefore = input.map((_, i): (() => string) =>
      once(() => (i === 1 ? isFound[0]!() : graph.op('Or', [isBefore[i - 1]!(), isFound[i - 1]!()]))),
    );
    return input.map((x, i) => () => {
      const isFirst =
        i === 0 ? isFound[0]!() : graph.op('And', [isFound[i]!(), graph.op('Not', [isBefore[i]!()])]);
      return sumToShape(graph, graph.op('Mul', [dy, graph.cast(isFirst, dy)]), y, x);
    });
  },
};

/** Operators that pick the greatest or the least operand. */
export const extremes: Rules = { Max: first, Min: first };
