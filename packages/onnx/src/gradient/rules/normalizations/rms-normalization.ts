import { floatAttribute, intAttribute } from '../../../model/attributes.ts';
import { once } from '../../once.ts';
import type { Rule } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';

/**
 * Y = x̂ · γ with x̂ = X / √(mean X² + ε) over the axes from `axis` on, here the rows of a matrix:
 * ∂X = (g − x̂ · mean(g · x̂)) / √(mean X² + ε) with g = ∂Y · γ, and ∂γ = Σ ∂Y · x̂ (Zhang and Sennrich 2019).
 */
export const rmsNormalization: Rule = {
  gradient(call) {
    const { graph, node, x, y } = call;
    const axis = { axis: { int: intAttribute(node, 'axis', -1) } };
    const rows = (value: string): string => graph.op('Flatten', [value], axis);
    const scale = call.input(1);
    const values = once(() => rows(x));
    const size = once(() => {
      const square = graph.reduceMean(graph.op('Mul', [values(), values()]), [1]);
      const epsilon = graph.scalar(floatAttribute(node, 'epsilon', 1e-5), x);
      return graph.op('Sqrt', [graph.op('Add', [square, epsilon])]);
    });
    const normalized = once(() => graph.op('Div', [values(), size()]));
    return [
      () => {
        const g = rows(graph.op('Mul', [call.dy, scale]));
        const mean = graph.reduceMean(graph.op('Mul', [g, normalized()]), [1]);
        const rest = graph.op('Sub', [g, graph.op('Mul', [normalized(), mean])]);
        return graph.reshapeLike(graph.op('Div', [rest, size()]), x);
      },
      () => {
        const along = graph.op('Mul', [call.dy, graph.reshapeLike(normalized(), x)]);
        return sumToShape(graph, along, y, scale);
      },
    ];
  },
};
