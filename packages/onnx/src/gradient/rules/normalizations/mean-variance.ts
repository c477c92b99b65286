import { intsAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rule } from '../../rule.ts';

/** What the operator's definition adds to the deviation. */
const EPSILON = 1e-9;

/** y = (x − μ) / (σ + ε) over axes: ∂x = (∂y − mean ∂y − y · mean(∂y · y)) / (σ + ε). */
export const meanVariance: Rule = ofFirst(({ graph, dy, x, y, node }) => {
  const axes = intsAttribute(node, 'axes') ?? [0, 2, 3];
  const centered = graph.op('Sub', [x, graph.reduceMean(x, axes)]);
  const variance = graph.reduceMean(graph.op('Mul', [centered, centered]), axes);
  const deviation = graph.op('Add', [graph.op('Sqrt', [variance]), graph.scalar(EPSILON, x)]);
  const tilt = graph.op('Mul', [y, graph.reduceMean(graph.op('Mul', [dy, y]), axes)]);
  const rest = graph.op('Sub', [graph.op('Sub', [dy, graph.reduceMean(dy, axes)]), tilt]);
  return graph.op('Div', [rest, deviation]);
});
