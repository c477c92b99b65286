import type { AdamWOptions } from './options.ts';
import { decayed } from './sgd.ts';
import { type ParameterUpdate, STEP, type UpdateGraph } from './update-graph.ts';

/** Names of the state's parts, each of which a parameter has one. */
export const ADAMW_STATE: readonly string[] = ['first_moment', 'second_moment'];

/**
 * w ← (1 − η·λ)·w; m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; w ← w − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
 * (Loshchilov and Hutter 2019, algorithm 2, in PyTorch's order of operations). 1 − βᵗ is taken in float64: at t = 1
 * float32 leaves four digits of it.
 */
export function addAdamWUpdate(graph: UpdateGraph, update: ParameterUpdate, options: AdamWOptions): void {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const { parameter, gradient, learningRate } = update;
  const weight = update.weightDecay === 0 ? update.weight : decayed(graph, update);
  const first = graph.inputLike(parameter, `first_moment/${parameter.name}`);
  const second = graph.inputLike(parameter, `second_moment/${parameter.name}`);
  const mean = average(graph, first, gradient, beta1);
  const square = average(graph, second, graph.op('Mul', gradient, gradient), beta2);
  graph.next(parameter, first, mean);
  graph.next(parameter, second, square);
  const spread = graph.once('root of the second correction', () =>
    graph.builder.op('Sqrt', [correction(graph, beta2)]),
  );
  const rate = graph.once(`rate ${learningRate}`, () =>
    graph.op('Div', learningRate, correction(graph, beta1)),
  );
  const deviation = graph.op('Div', graph.builder.op('Sqrt', [square]), spread);
  const direction = graph.op('Div', mean, graph.op('Add', deviation, graph.scalar(epsilon)));
  graph.next(parameter, update.weight, graph.op('Sub', weight, graph.op('Mul', direction, rate)));
}

/** β·a + (1 − β)·b. */
function average(graph: UpdateGraph, a: string, b: string, beta: number): string {
  return graph.op('Add', graph.scaled(a, beta), graph.scaled(b, 1 - beta));
}

/** 1 − βᵗ, where t counts updates from 1. */
function correction(graph: UpdateGraph, beta: number): string {
  return graph.once(`correction ${beta}`, () => {
    const { builder } = graph;
    const double = (value: number): string =>
      builder.constant({ type: 'float64', dims: [], data: Float64Array.of(value) }, 'double');
    const power = builder.op('Pow', [double(beta), STEP]);
    return builder.op('Cast', [builder.op('Sub', [double(1), power])], { to: { int: 1 } });
  });
}
