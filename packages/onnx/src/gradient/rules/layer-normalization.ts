import { floatAttribute, intAttribute } from '../../model/attributes.ts';
import { ints } from '../int-vector.ts';
import { once } from '../once.ts';
import type { Rule } from '../rule.ts';

/**
 * Y = x̂ · γ + β with x̂ = (X − μ) / √(σ² + ε) over the axes from `axis` on, here the rows of a matrix:
 * ∂X = (g − mean g − x̂ · mean(g · x̂)) / √(σ² + ε) with g = ∂Y · γ, ∂γ = Σ ∂Y · x̂, ∂β = Σ ∂Y.
 */
export const layerNormalization: Rule = {
  operator: 'LayerNormalization',
  gradient(call) {
    const { graph, node, x } = call;
    const axis = { axis: { int: intAttribute(node, 'axis', -1) } };
    const scale = call.input(1);
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const dy = once(() => graph.op('Flatten', [call.dy], axis));
    const centered = once(() => {
      const rows = graph.op('Flatten', [x], axis);
      return graph.op('Sub', [rows, graph.reduceMean(rows, [1])]);
    });
    const deviation = once(() => {
      const variance = graph.reduceMean(graph.op('Mul', [centered(), centered()]), [1]);
      return graph.op('Sqrt', [graph.op('Add', [variance, graph.scalar(epsilon, x)])]);
    });
    const normalized = once(() => graph.op('Div', [centered(), deviation()]));
    return [
      () => {
        const g = graph.op('Mul', [dy(), graph.reshape(scale, ints(1, -1))]);
        const tilt = graph.op('Mul', [
          normalized(),
          graph.reduceMean(graph.op('Mul', [g, normalized()]), [1]),
        ]);
        const free = graph.op('Sub', [graph.op('Sub', [g, graph.reduceMean(g, [1])]), tilt]);
        return graph.reshapeLike(graph.op('Div', [free, deviation()]), x);
      },
      () => graph.reshapeLike(graph.reduceSum(graph.op('Mul', [dy(), normalized()]), [0], false), scale),
      () => graph.reshapeLike(graph.reduceSum(dy(), [0], false), call.input(2)),
    ];
  },
};
