import type { Rule } from '../rule.ts';
import { sumToShape } from '../sum-to-shape.ts';

/** y = a + b. */
export const add: Rule = {
  operator: 'Add',
  gradient: ({ graph, dy, y, node: { input } }) => input.map((x) => () => sumToShape(graph, dy, y, x)),
};

/** y = Σ xₖ. */
export const sum: Rule = { operator: 'Sum', gradient: add.gradient };

/** y = a − b. The sum over repeated axes comes first, so that the negation is small. */
export const sub: Rule = {
  operator: 'Sub',
  gradient: ({ graph, dy, y, node: { input } }) => [
    () => sumToShape(graph, dy, y, input[0]!),
    () => graph.op('Neg', [sumToShape(graph, dy, y, input[1]!)]),
  ],
};

/** y = a · b. */
export const mul: Rule = {
  operator: 'Mul',
  gradient: ({ graph, dy, y, node: { input } }) =>
    [0, 1].map((i) => () => sumToShape(graph, graph.op('Mul', [dy, input[1 - i]!]), y, input[i]!)),
};

/** y = a / b: ∂a = ∂y / b, ∂b = −∂y · y / b. */
export const div: Rule = {
  operator: 'Div',
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
};

/** y = −x. */
export const neg: Rule = { operator: 'Neg', gradient: ({ graph, dy }) => [() => graph.op('Neg', [dy])] };
