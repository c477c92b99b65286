import { floatAttribute } from '../../model/attributes.ts';
import { ints } from '../int-vector.ts';
import { once } from '../once.ts';
import type { Rule } from '../rule.ts';

/**
 * Y = x̂ · γ + β a channel, with x̂ = (X − μ) / √(σ² + ε) over the positions of a channel of one sample:
 * ∂X = γ · (∂Y − mean ∂Y − x̂ · mean(∂Y · x̂)) / √(σ² + ε), ∂γ = Σ ∂Y · x̂, ∂β = Σ ∂Y. Taken as [N, C, P].
 */
export const instanceNormalization: Rule = {
  operator: 'InstanceNormalization',
  gradient(call) {
    const { graph, node, x } = call;
    const planes = (value: string): string => graph.op('Reshape', [value, graph.integers(ints(0, 0, -1))]);
    const dy = once(() => planes(call.dy));
    const centered = once(() => {
      const values = planes(x);
      return graph.op('Sub', [values, graph.reduceMean(values, [2])]);
    });
    const deviation = once(() => {
      const variance = graph.reduceMean(graph.op('Mul', [centered(), centered()]), [2]);
      const epsilon = graph.scalar(floatAttribute(node, 'epsilon', 1e-5), x);
      return graph.op('Sqrt', [graph.op('Add', [variance, epsilon])]);
    });
    const normalized = once(() => graph.op('Div', [centered(), deviation()]));
    const along = once(() => graph.op('Mul', [dy(), normalized()]));
    return [
      () => {
        const tilt = graph.op('Mul', [normalized(), graph.reduceMean(along(), [2])]);
        const free = graph.op('Sub', [graph.op('Sub', [dy(), graph.reduceMean(dy(), [2])]), tilt]);
        const gain = graph.op('Div', [graph.unsqueeze(call.input(1), 1), deviation()]);
        return graph.reshapeLike(graph.op('Mul', [free, gain]), x);
      },
      () => graph.reduceSum(along(), [0, 2], false),
      () => graph.reduceSum(dy(), [0, 2], false),
    ];
  },
};
