import { intAttribute } from '../../../model/attributes.ts';
import { once } from '../../once.ts';
import type { Rule } from '../../rule.ts';
import { standardised } from './standardised.ts';

/**
 * Y = x̂ · γ + β with x̂ = (X − μ) / √(σ² + ε) over a group of channels and their positions (Wu and He 2018). γ and β are
 * one number a channel; below opset 21 one a group. ∂X = (g − mean g − x̂ · mean(g · x̂)) / √(σ² + ε) with g = ∂Y · γ,
 * ∂γ = Σ ∂Y · x̂, ∂β = Σ ∂Y.
 */
export const groupNormalization: Rule = {
  gradient(call) {
    const { graph, node, x } = call;
    const count = intAttribute(node, 'num_groups', 1);
    const groups = (value: string): string => graph.reshapeKeeping(value, 0, count, -1);
    const scaled = (value: string): string =>
      graph.opset < 21 ? groups(value) : graph.reshapeKeeping(value, 0, 0, -1);
    const { deviation, normalized, free } = standardised(call, () => groups(x), 2);
    const dy = once(() => scaled(call.dy));
    return [
      () => {
        const g = groups(graph.op('Mul', [dy(), graph.unsqueeze(call.input(1), 1)]));
        const rest = free(g, graph.op('Mul', [g, normalized()]));
        return graph.reshapeLike(graph.op('Div', [rest, deviation()]), x);
      },
      () => {
        const along = graph.op('Mul', [dy(), scaled(graph.reshapeLike(normalized(), x))]);
        return graph.reduceSum(along, [0, 2], false);
      },
      () => graph.reduceSum(dy(), [0, 2], false),
    ];
  },
};
