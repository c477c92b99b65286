import { once } from '../../once.ts';
import { ofFirst, type Rule, type Rules } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/** y = Σ xₖ. */
const sum: Rule = {
  gradient: ({ graph, dy, y, node: { input } }) => input.map((x) => () => sumToShape(graph, dy, y, x)),
};

/** Sums, differences, products and quotients, element by element. */
export const arithmetic: Rules = {
  Add: sum,
  Sum: sum,
  /** y = Σ xₖ / n. */
  Mean: {
    gradient({ graph, dy, y, node: { input } }) {
      const share = once(() => graph.op('Mul', [dy, graph.scalar(1 / input.length, y)]));
      return input.map((x) => () => sumToShape(graph, share(), y, x));
    },
  },
  /** y = a − b. The sum over repeated axes comes first, so that the negation is small. */
  Sub: {
    gradient: ({ graph, dy, y, node: { input } }) => [
      () => sumToShape(graph, dy, y, input[0]!),
      () => graph.op('Neg', [sumToShape(graph, dy, y, input[1]!)]),
    ],
  },
  /** y = a · b. */
  Mul: {
    gradient: ({ graph, dy, y, node: { input } }) =>
      [0, 1].map((i) => () => sumToShape(graph, graph.op('Mul', [dy, input[1 - i]!]), y, input[i]!)),
  },
  /** y = a / b: ∂a = ∂y / b, ∂b = −∂y · y / b. */
  Div: {
    gradient({ graph, dy, y, node: { input } }) {
      const [a, b] = [input[0]!, input[1]!];
      return [
        () => sumToShape(graph, graph.op('Div', [dy, b]), y, a),
        () => {
          const slope = graph.op('Div', [graph.op('Mul', [dy, y]), b]);
          return graph.op('Neg', [sumToShape(graph, slope, y, b)]);
        },
      ];
    },
  },
  /** y = −x. */
  Neg: ofFirst(({ graph, dy }) => graph.op('Neg', [dy])),
};
