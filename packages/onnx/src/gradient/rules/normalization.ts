import { floatAttribute, intAttribute } from '../../model/attributes.ts';
import { ints } from '../int-vector.ts';
import { once } from '../once.ts';
import type { RuleCall, Rules } from '../rule.ts';

/** Y = x̂ · γ + β with x̂ = (X − μ) / √(σ² + ε), by the statistics of a part of a sample. */
export const normalization: Rules = {
  /**
   * Over the positions of a channel, X taken as [N, C, P]: ∂X = γ · (∂Y − mean ∂Y − x̂ · mean(∂Y · x̂)) / √(σ² + ε),
   * ∂γ = Σ ∂Y · x̂, ∂β = Σ ∂Y.
   */
  InstanceNormalization: {
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
  },
  /**
   * Over the axes from `axis` on, here the rows of a matrix: ∂X = (g − mean g − x̂ · mean(g · x̂)) / √(σ² + ε) with
   * g = ∂Y · γ, ∂γ = Σ ∂Y · x̂, ∂β = Σ ∂Y.
   */
  LayerNormalization: {
    gradient(call) {
      const { graph, node, x } = call;
      const axis = { axis: { int: intAttribute(node, 'axis', -1) } };
      const scale = call.input(1);
      const { deviation, normalized, free } = standardised(call, () => graph.op('Flatten', [x], axis), 1);
      const dy = once(() => graph.op('Flatten', [call.dy], axis));
      return [
        () => {
          const g = graph.op('Mul', [dy(), graph.reshape(scale, ints(1, -1))]);
          const rest = free(g, graph.op('Mul', [g, normalized()]));
          return graph.reshapeLike(graph.op('Div', [rest, deviation()]), x);
        },
        () => graph.reshapeLike(graph.reduceSum(graph.op('Mul', [dy(), normalized()]), [0], false), scale),
        () => graph.reshapeLike(graph.reduceSum(dy(), [0], false), call.input(2)),
      ];
    },
  },
};

interface Standardised {
  /** √(σ² + ε). */
  readonly deviation: () => string;
  /** x̂. */
  readonly normalized: () => string;
  /** g − mean g − x̂ · mean(g · x̂), what moves neither μ nor σ. @param along g · x̂ */
  readonly free: (g: string, along: string) => string;
}

/** x̂ of values that are standardised along an axis. */
function standardised({ graph, node, x }: RuleCall, write: () => string, axis: number): Standardised {
  const centered = once(() => {
    const values = write();
    return graph.op('Sub', [values, graph.reduceMean(values, [axis])]);
  });
  const deviation = once(() => {
    const variance = graph.reduceMean(graph.op('Mul', [centered(), centered()]), [axis]);
    const epsilon = graph.scalar(floatAttribute(node, 'epsilon', 1e-5), x);
    return graph.op('Sqrt', [graph.op('Add', [variance, epsilon])]);
  });
  const normalized = once(() => graph.op('Div', [centered(), deviation()]));
  const free = (g: string, along: string): string => {
    const tilt = graph.op('Mul', [normalized(), graph.reduceMean(along, [axis])]);
    return graph.op('Sub', [graph.op('Sub', [g, graph.reduceMean(g, [axis])]), tilt]);
  };
  return { deviation, normalized, free };
}
