import { ofFirst, type Rules } from '../../rule.ts';

/** Exponentials, logarithms and powers of one number. */
export const powers: Rules = {
  /** y = eˣ: ∂x = ∂y · y. */
  Exp: ofFirst(({ graph, dy, y }) => graph.op('Mul', [dy, y])),
  /** y = ln x: ∂x = ∂y / x. */
  Log: ofFirst(({ graph, dy, x }) => graph.op('Div', [dy, x])),
  /** y = √x: ∂x = ∂y / 2y. */
  Sqrt: ofFirst(({ graph, dy, y }) => graph.op('Div', [graph.op('Mul', [dy, graph.scalar(0.5, y)]), y])),
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
