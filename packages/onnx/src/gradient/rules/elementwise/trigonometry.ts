import type { GradientGraph } from '../../context.ts';
import { ofFirst, type Rule, type Rules } from '../../rule.ts';

/** ∂x = ∂y times a slope of x, or divided by one. */
function slope(operator: 'Mul' | 'Div', write: (graph: GradientGraph, x: string, y: string) => string): Rule {
  return ofFirst(({ graph, dy, x, y }) => graph.op(operator, [dy, write(graph, x, y)]));
}

/** 1 + v². */
function onePlusSquare(graph: GradientGraph, v: string): string {
  return graph.op('Add', [graph.op('Mul', [v, v]), graph.scalar(1, v)]);
}

/** (1 − x) · (1 + x), which keeps the digits that 1 − x² loses near ±1. */
function oneMinusSquare(graph: GradientGraph, x: string): string {
  const one = graph.scalar(1, x);
  return graph.op('Mul', [graph.op('Sub', [one, x]), graph.op('Add', [one, x])]);
}

/** Circular and hyperbolic functions and their inverses. */
export const trigonometry: Rules = {
  Sin: slope('Mul', (graph, x) => graph.op('Cos', [x])),
  Cos: slope('Mul', (graph, x) => graph.op('Neg', [graph.op('Sin', [x])])),
  /** tan′ = 1 + tan². */
  Tan: slope('Mul', (graph, _, y) => onePlusSquare(graph, y)),
  Asin: slope('Div', (graph, x) => graph.op('Sqrt', [oneMinusSquare(graph, x)])),
  Acos: slope('Div', (graph, x) => graph.op('Neg', [graph.op('Sqrt', [oneMinusSquare(graph, x)])])),
  Atan: slope('Div', (graph, x) => onePlusSquare(graph, x)),
  /** (eˣ + e⁻ˣ) / 2 and (eˣ − e⁻ˣ) / 2, which every runtime has in float64 too. */
  Sinh: slope('Mul', (graph, x) => halfOfExponentials(graph, 'Add', x)),
  Cosh: slope('Mul', (graph, x) => halfOfExponentials(graph, 'Sub', x)),
  Asinh: slope('Div', (graph, x) => graph.op('Sqrt', [onePlusSquare(graph, x)])),
  /** (x − 1) · (x + 1) keeps the digits near 1. */
  Acosh: slope('Div', (graph, x) => {
    const one = graph.scalar(1, x);
    const [less, more] = [graph.op('Sub', [x, one]), graph.op('Add', [x, one])];
    return graph.op('Mul', [graph.op('Sqrt', [less]), graph.op('Sqrt', [more])]);
  }),
  Atanh: slope('Div', (graph, x) => oneMinusSquare(graph, x)),
};

function halfOfExponentials(graph: GradientGraph, operator: 'Add' | 'Sub', x: string): string {
  const half = graph.scalar(0.5, x);
  const [up, down] = [graph.op('Exp', [x]), graph.op('Exp', [graph.op('Neg', [x])])];
  return graph.op(operator, [graph.op('Mul', [up, half]), graph.op('Mul', [down, half])]);
}
