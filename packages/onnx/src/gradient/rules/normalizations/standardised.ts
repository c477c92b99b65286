import { floatAttribute } from '../../../model/attributes.ts';
import { once } from '../../once.ts';
import type { RuleCall } from '../../rule.ts';

/** Values of mean 0 and variance 1 along an axis, and what of a gradient passes. */
export interface Standardised {
  /** √(σ² + ε). */
  readonly deviation: () => string;
  /** x̂. */
  readonly normalized: () => string;
  /** g − mean g − x̂ · mean(g · x̂), what moves neither μ nor σ. @param along g · x̂ */
  readonly free: (g: string, along: string) => string;
}

/** x̂ of values that are standardised along an axis. */
export function standardised({ graph, node, x }: RuleCall, write: () => string, axis: number): Standardised {
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
