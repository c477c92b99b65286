import type { Rule } from '../rule.ts';
import { sumToShape } from '../sum-to-shape.ts';

/** y = eˣ: ∂x = ∂y · y. */
export const exp: Rule = {
  operator: 'Exp',
  gradient: ({ graph, dy, y }) => [() => graph.op('Mul', [dy, y])],
};

/** y = ln x: ∂x = ∂y / x. */
export const log: Rule = {
  operator: 'Log',
  gradient: ({ graph, dy, x }) => [() => graph.op('Div', [dy, x])],
};

/** y = √x: ∂x = ∂y / 2y. */
export const sqrt: Rule = {
  operator: 'Sqrt',
  gradient: ({ graph, dy, y }) => [() => graph.op('Div', [graph.op('Mul', [dy, graph.scalar(0.5, y)]), y])],
};

/** y = xᵉ with an exponent that does not depend on what gradients are asked for: ∂x = ∂y · e · xᵉ⁻¹. */
export const pow: Rule = {
  operator: 'Pow',
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
};

/** y = 1 / x: ∂x = −∂y · y². */
export const reciprocal: Rule = {
  operator: 'Reciprocal',
  gradient: ({ graph, dy, y }) => [() => graph.op('Neg', [graph.op('Mul', [dy, graph.op('Mul', [y, y])])])],
};

/** y = erf x: ∂x = ∂y · 2/√π · e^(−x²). */
export const erf: Rule = {
  operator: 'Erf',
  gradient: ({ graph, dy, x }) => [
    () => {
      const bell = graph.op('Exp', [graph.op('Neg', [graph.op('Mul', [x, x])])]);
      return graph.op('Mul', [graph.op('Mul', [dy, graph.scalar(2 / Math.sqrt(Math.PI), x)]), bell]);
    },
  ],
};
