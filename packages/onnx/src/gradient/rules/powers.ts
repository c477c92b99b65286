import { ofFirst, type Rules } from '../rule.ts';
import { sumToShape } from '../sum-to-shape.ts';

/** Powers, exponentials and logarithms. */
export const powers: Rules = {
  /** y = eˣ: ∂x = ∂y · y. */
  Exp: ofFirst(({ graph, dy, y }) => graph.op('Mul', [dy, y])),
  /** y = ln x: ∂x = ∂y / x. */
  Log: ofFirst(({ graph, dy, x }) => graph.op('Div', [dy, x])),
  /** y = √x: ∂x = ∂y / 2y. */
  Sqrt: ofFirst(({ graph, dy, y }) => graph.op('Div', [graph.op('Mul', [dy, graph.scalar(0.5, y)]), y])),
  /** y = xᵉ with an exponent that does not depend on what gradients are asked for: ∂x = ∂y · e · xᵉ⁻¹. */
  Pow: {
    gradient(call) {
      const { graph, dy, x, y } = call;
      return [
        () => {
          const exponent = graph.cast(call.input(1), x);
          const power = graph.op('Pow', [x, graph.op('Sub', [exponent, graph.scalar(1, x)])]);
          const slope = graph.op('Mul', [power, exponent]);
          return sumToShape(graph, graph.op('Mul', [dy, slope]), y, x);
        },
        () => {
          throw call.refuse('with a constant exponent');
        },
      ];
    },
  },
  /** y = 1 / x: ∂x = −∂y · y². */
  Reciprocal: ofFirst(({ graph, dy, y }) =>
    graph.op('Neg', [graph.op('Mul', [dy, graph.op('Mul', [y, y])])]),
  ),
  /** y = erf x: ∂x = ∂y · 2/√π · e^(−x²). */
  Erf: ofFirst(({ graph, dy, x }) => {
    const bell = graph.op('Exp', [graph.op('Neg', [graph.op('Mul', [x, x])])]);
    return graph.op('Mul', [graph.op('Mul', [dy, graph.scalar(2 / Math.sqrt(Math.PI), x)]), bell]);
  }),
};
