import { intAttribute } from '../../../model/attributes.ts';
import type { Rule } from '../../rule.ts';
import { sumToShape } from '../../sum-to-shape.ts';
import { standardised } from './standardised.ts';

/**
 * Y = x̂ · γ + β with x̂ = (X − μ) / √(σ² + ε) over the axes from `axis` on, here the rows of a matrix:
 * ∂X = (g − mean g − x̂ · mean(g · x̂)) / √(σ² + ε) with g = ∂Y · γ, ∂γ = Σ ∂Y · x̂, ∂β = Σ ∂Y. γ and β have the shape
 * of those axes, or one that is repeated along X.
 */
export const layerNormalization: Rule = {
  gradient(call) {
    const { graph, node, x, y } = call;
    const axis = { axis: { int: intAttribute(node, 'axis', -1) } };
    const rows = (value: string): string => graph.op('Flatten', [value], axis);
    const scale = call.input(1);
    const { deviation, normalized, free } = standardised(call, () => rows(x), 1);
    return [
      () => {
        const g = rows(graph.op('Mul', [call.dy, scale]));
        const rest = free(g, graph.op('Mul', [g, normalized()]));
        return graph.reshapeLike(graph.op('Div', [rest, deviation()]), x);
      },
      () => {
        const along = graph.op('Mul', [call.dy, graph.reshapeLike(normalized(), x)]);
        graph.declareLike(along, x);
        return sumToShape(graph, along, y, scale);
      },
      () => sumToShape(graph, call.dy, y, call.input(2)),
    ];
  },
};
