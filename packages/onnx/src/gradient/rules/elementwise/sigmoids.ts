import { floatAttribute } from '../../../model/attributes.ts';
import type { GradientGraph } from '../../context.ts';
import { ofFirst, type Rules } from '../../rule.ts';

/** Activations with bounds, and what is made of them. */
export const sigmoids: Rules = {
  /** y = 1 / (1 + e⁻ˣ): ∂x = ∂y · y · (1 − y). */
  Sigmoid: ofFirst(({ graph, dy, y }) => {
    const slope = graph.op('Mul', [y, graph.op('Sub', [graph.scalar(1, y), y])]);
    return graph.op('Mul', [dy, slope]);
  }),
  /** y = tanh x: ∂x = ∂y · (1 − y²). */
  Tanh: ofFirst(({ graph, dy, y }) =>
    graph.op('Mul', [dy, graph.op('Sub', [graph.scalar(1, y), graph.op('Mul', [y, y])])]),
  ),
  /** y = α · x + β held within [0, 1]: ∂x = α · ∂y inside, 0 from the bounds on. */
  HardSigmoid: ofFirst(({ graph, dy, y, node }) => {
    const steep = graph.op('Mul', [dy, graph.scalar(floatAttribute(node, 'alpha', 0.2), y)]);
    return graph.op('Where', [isInside(graph, y), steep, graph.scalar(0, y)]);
  }),
  /** y = x · h with h = x/6 + 1/2 held within [0, 1]: ∂x = ∂y · (h + x/6 inside). */
  HardSwish: ofFirst(({ graph, dy, x }) => {
    const gate = graph.op('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
    const slope = graph.op('Mul', [x, graph.scalar(1 / 6, x)]);
    const inside = graph.op('Where', [isInside(graph, gate), slope, graph.scalar(0, x)]);
    return graph.op('Mul', [dy, graph.op('Add', [gate, inside])]);
  }),
};

function isInside(graph: GradientGraph, gate: string): string {
  const above = graph.op('Greater', [gate, graph.scalar(0, gate)]);
  return graph.op('And', [above, graph.op('Less', [gate, graph.scalar(1, gate)])]);
}
