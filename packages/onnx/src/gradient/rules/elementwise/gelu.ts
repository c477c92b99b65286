import { stringAttribute } from '../../../model/attributes.ts';
import type { GradientGraph } from '../../context.ts';
import { ofFirst, type Rules } from '../../rule.ts';

/**
 * y = x · Φ(x): ∂x = ∂y · (Φ(x) + x · Φ′(x)), where Φ is the normal distribution function or its approximation
 * ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) (Hendrycks and Gimpel 2016).
 */
export const gelu: Rules = {
  Gelu: ofFirst(({ graph, dy, x, node }) => {
    const isExact = stringAttribute(node, 'approximate', 'none') === 'none';
    const { share, slope } = isExact ? normal(graph, x) : approximate(graph, x);
    return graph.op('Mul', [dy, graph.op('Add', [share, graph.op('Mul', [x, slope])])]);
  }),
};

interface Distribution {
  /** Φ(x). */
  readonly share: string;
  /** Φ′(x). */
  readonly slope: string;
}

function normal(graph: GradientGraph, x: string): Distribution {
  const scaled = graph.op('Mul', [x, graph.scalar(Math.SQRT1_2, x)]);
  const share = half(graph, graph.op('Add', [graph.op('Erf', [scaled]), graph.scalar(1, x)]));
  const exponent = graph.op('Neg', [graph.op('Mul', [scaled, scaled])]);
  const slope = graph.op('Mul', [graph.op('Exp', [exponent]), graph.scalar(1 / Math.sqrt(2 * Math.PI), x)]);
  return { share, slope };
}

function approximate(graph: GradientGraph, x: string): Distribution {
  const rate = Math.sqrt(2 / Math.PI);
  const square = graph.op('Mul', [x, x]);
  /** rate · (1 + factor · x²) */
  const even = (factor: number): string =>
    graph.op('Add', [graph.op('Mul', [square, graph.scalar(rate * factor, x)]), graph.scalar(rate, x)]);
  const tanh = graph.op('Tanh', [graph.op('Mul', [x, even(0.044715)])]);
  const share = half(graph, graph.op('Add', [tanh, graph.scalar(1, x)]));
  const rest = graph.op('Sub', [graph.scalar(1, x), graph.op('Mul', [tanh, tanh])]);
  return { share, slope: half(graph, graph.op('Mul', [rest, even(3 * 0.044715)])) };
}

function half(graph: GradientGraph, value: string): string {
  return graph.op('Mul', [value, graph.scalar(0.5, value)]);
}
