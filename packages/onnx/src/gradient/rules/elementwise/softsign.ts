import { ofFirst, type Rule } from '../../rule.ts';

/** y = x / (1 + |x|): ∂x = ∂y / (1 + |x|)². */
export const softsign: Rule = ofFirst(({ graph, dy, x }) => {
  const below = graph.op('Add', [graph.op('Abs', [x]), graph.scalar(1, x)]);
  return graph.op('Div', [dy, graph.op('Mul', [below, below])]);
});
