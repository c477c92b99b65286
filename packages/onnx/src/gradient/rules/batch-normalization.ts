import { floatAttribute, intAttribute } from '../../model/attributes.ts';
import type { GradientGraph } from '../context.ts';
import { ints } from '../int-vector.ts';
import { once } from '../once.ts';
import type { InputGradient, Rule, RuleCall } from '../rule.ts';

/**
 * Y = x̂ · γ + β with x̂ = (X − μ) / √(σ² + ε) a channel. Frozen, μ and σ² are inputs and get gradients of their
 * own; with `training_mode` they are the batch's mean and (population) variance, through which gradients flow.
 * Any rank is taken as [N, C, P].
 */
export const batchNormalization: Rule = {
  operator: 'BatchNormalization',
  gradient: (call) =>
    intAttribute(call.node, 'training_mode', 0) === 0 ? frozenGradients(call) : batchGradients(call),
};

function frozenGradients(call: RuleCall): readonly InputGradient[] {
  const { graph, node, x } = call;
  const [scale, mean, variance] = [call.input(1), call.input(3), call.input(4)];
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const dy = once(() => channels(graph, call.dy));
  const inverse = once(() => inverseDeviation(graph, variance, epsilon));
  const gain = once(() => graph.op('Mul', [scale, inverse()]));
  const sum = once(() => graph.reduceSum(dy(), [0, 2], false));
  const centered = once(() => {
    const difference = graph.op('Sub', [channels(graph, x), column(graph, mean)]);
    return graph.reduceSum(graph.op('Mul', [dy(), difference]), [0, 2], false);
  });
  return [
    () => graph.reshapeLike(graph.op('Mul', [dy(), column(graph, gain())]), x),
    () => graph.op('Mul', [centered(), inverse()]),
    () => sum(),
    () => graph.op('Neg', [graph.op('Mul', [sum(), gain()])]),
    () => {
      const cube = graph.op('Mul', [graph.op('Mul', [inverse(), inverse()]), gain()]);
      return graph.op('Mul', [graph.op('Mul', [centered(), cube]), graph.scalar(-0.5, x)]);
    },
  ];
}

function batchGradients(call: RuleCall): readonly (InputGradient | undefined)[] {
  const { graph, node, x } = call;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const dy = once(() => channels(graph, call.dy));
  const centered = once(() => {
    const values = channels(graph, x);
    return graph.op('Sub', [values, graph.reduceMean(values, [0, 2])]);
  });
  const inverse = once(() => {
    const variance = graph.reduceMean(graph.op('Mul', [centered(), centered()]), [0, 2]);
    return inverseDeviation(graph, variance, epsilon);
  });
  const normalized = once(() => graph.op('Mul', [centered(), inverse()]));
  const along = once(() => graph.op('Mul', [dy(), normalized()]));
  return [
    () => {
      const shift = graph.reduceMean(dy(), [0, 2]);
      const tilt = graph.op('Mul', [normalized(), graph.reduceMean(along(), [0, 2])]);
      const free = graph.op('Sub', [graph.op('Sub', [dy(), shift]), tilt]);
      const gain = graph.op('Mul', [column(graph, call.input(1)), inverse()]);
      return graph.reshapeLike(graph.op('Mul', [free, gain]), x);
    },
    () => graph.reduceSum(along(), [0, 2], false),
    () => graph.reduceSum(dy(), [0, 2], false),
    undefined,
    undefined,
  ];
}

function inverseDeviation(graph: GradientGraph, variance: string, epsilon: number): string {
  const deviation = graph.op('Sqrt', [graph.op('Add', [variance, graph.scalar(epsilon, variance)])]);
  return graph.op('Reciprocal', [deviation]);
}

/** [N, C, …] as [N, C, P]. */
function channels(graph: GradientGraph, value: string): string {
  return graph.op('Reshape', [value, graph.integers(ints(0, 0, -1))]);
}

/** [C] as [C, 1], to be repeated over positions. */
function column(graph: GradientGraph, value: string): string {
  return graph.unsqueeze(value, 1);
}
