import { once } from '../../once.ts';
import type { Rule } from '../../rule.ts';
import { standardised } from './standardised.ts';

/**
 * Y = x̂ · γ + β with x̂ = (X − μ) / √(σ² + ε) over the positions of a channel, X taken as [N, C, P]:
 * ∂X = γ · (∂Y − mean ∂Y − x̂ · mean(∂Y · x̂)) / √(σ² + ε), ∂γ = Σ ∂Y · x̂, ∂β = Σ ∂Y.
 */
export const instanceNormalization: Rule = {
  gradient(call) {
    const { graph, x } = call;
    const planes = (value: string): string => graph.reshapeKeeping(value, 0, 0, -1);
    const { deviation, normalized, free } = standardised(call, () => planes(x), 2);
    const dy = once(() => planes(call.dy));
    const along = once(() => graph.op('Mul', [dy(), normalized()]));
    return [
      () => {
        const rest = free(dy(), along());
        const gain = graph.op('Div', [graph.unsqueeze(call.input(1), 1), deviation()]);
        return graph.reshapeLike(graph.op('Mul', [rest, gain]), x);
      },
      () => graph.reduceSum(along(), [0, 2], false),
      () => graph.reduceSum(dy(), [0, 2], false),
    ];
  },
};
