import { floatAttribute } from '../../../model/attributes.ts';
import { ofFirst, type Rules } from '../../rule.ts';

/** Rectifiers without a kink. */
export const smoothRectifiers: Rules = {
  /** y = ln(1 + eˣ): ∂x = ∂y · σ(x). */
  Softplus: ofFirst(({ graph, dy, x }) => graph.op('Mul', [dy, graph.op('Sigmoid', [x])])),
  /** y = x · t with t = tanh(ln(1 + eˣ)): ∂x = ∂y · (t + x · (1 − t²) · σ(x)) (Misra 2019). */
  Mish: ofFirst(({ graph, dy, x }) => {
    const t = graph.op('Tanh', [graph.op('Softplus', [x])]);
    const rest = graph.op('Sub', [graph.scalar(1, x), graph.op('Mul', [t, t])]);
    const bend = graph.op('Mul', [graph.op('Mul', [x, graph.op('Sigmoid', [x])]), rest]);
    return graph.op('Mul', [dy, graph.op('Add', [t, bend])]);
  }),
  /** y = x · s with s = σ(α · x): ∂x = ∂y · (s + α · y · (1 − s)) (Ramachandran et al. 2017). */
  Swish: ofFirst(({ graph, dy, x, y, node }) => {
    const alpha = graph.scalar(floatAttribute(node, 'alpha', 1), x);
    const share = graph.op('Sigmoid', [graph.op('Mul', [x, alpha])]);
    const rest = graph.op('Sub', [graph.scalar(1, x), share]);
    const bend = graph.op('Mul', [graph.op('Mul', [y, alpha]), rest]);
    return graph.op('Mul', [dy, graph.op('Add', [share, bend])]);
  }),
};
