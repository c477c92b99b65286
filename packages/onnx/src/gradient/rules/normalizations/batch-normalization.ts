import { floatAttribute, intAttribute } from '../../../model/attributes.ts';
import type { GradientGraph } from '../../context.ts';
import { once } from '../../once.ts';
import type { InputGradient, RuleCall, Rules } from '../../rule.ts';

/**
 * Y = x̂ · γ + β with x̂ = (X − μ) / √(σ² + ε) a channel. Frozen, μ and σ² are inputs and get gradients of their
 * own; with `training_mode` they are the batch's mean and (population) variance, through which gradients flow.
 * Any rank is taken as [N, C, P].
 */
export const batchNormalization: Rules = {
  BatchNormalization: {
    gradient: (call) =>
      intAttribute(call.node, 'training_mode', 0) === 0 ? frozenGradients(call) : batchGradients(call),
  },
};

function frozenGradients(call: RuleCall): readonly InputGradient[] {
  const { graph, node, x } = call;
  const [scale, mean, variance] = [call.input(1), call.input(3), call.input(4)];
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const dy = once(() => channels(graph, call.dy));
  const inverse = once(() => inverseDeviation(graph, variance, epsilon));
  const gain = once(() => graph.op('Mul', [scale, inverse()]));
  const sum = once(() => channelSum(graph, dy()));
  const centered = once(() => {
    const difference = graph.op('Sub', [channels(graph, x), column(graph, mean)]);
    return channelSum(graph, graph.op('Mul', [dy(), difference]));
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

/**
 * With t = X − μ, r = 1 / √(σ² + ε) and means m over batch and positions: ∂γ = r · Σ ∂Y · t, ∂β = Σ ∂Y and
 * ∂X = a · ∂Y + b · t + c, where a = γ · r, b = −a · r² · m(∂Y · t) and c = −a · m(∂Y) are one number a channel: few
 * passes over values of X's size, which is what time goes into.
 */
function batchGradients(call: RuleCall): readonly (InputGradient | undefined)[] {
  const { graph, node, x } = call;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const dy = once(() => channels(graph, call.dy));
  const centered = once(() => {
    const values = channels(graph, x);
    return graph.op('Sub', [values, channelMean(graph, values)]);
  });
  const inverse = once(() => {
    const variance = channelMean(graph, graph.op('Mul', [centered(), centered()]));
    return inverseDeviation(graph, variance, epsilon);
  });
  const along = once(() => channelMean(graph, graph.op('Mul', [dy(), centered()])));
  const shift = once(() => channelMean(graph, dy()));
  const count = once(() => graph.ratioOfSizes(x, call.input(1)));
  const total = (mean: string): string => graph.reshapeLike(graph.op('Mul', [mean, count()]), call.input(1));
  return [
    () => {
      const gain = graph.op('Mul', [column(graph, call.input(1)), inverse()]);
      const square = graph.op('Mul', [inverse(), inverse()]);
      const tilt = graph.op('Mul', [gain, graph.op('Mul', [square, along()])]);
      const straight = graph.op('Mul', [dy(), gain]);
      const tilted = graph.op('Sub', [straight, graph.op('Mul', [centered(), tilt])]);
      return graph.reshapeLike(graph.op('Sub', [tilted, graph.op('Mul', [gain, shift()])]), x);
    },
    () => total(graph.op('Mul', [along(), inverse()])),
    () => total(shift()),
    undefined,
    undefined,
  ];
}

/** Sum over batch and positions of [N, C, P], as [C]. */
function channelSum(graph: GradientGraph, value: string): string {
  return graph.reduceSum(graph.reduceSum(value, [2], false), [0], false);
}

/** Mean over batch and positions of [N, C, P], as [1, C, 1]; positions first, which are contiguous, is twice as fast. */
function channelMean(graph: GradientGraph, value: string): string {
  return graph.reduceMean(graph.reduceMean(value, [2]), [0]);
}

function inverseDeviation(graph: GradientGraph, variance: string, epsilon: number): string {
  const deviation = graph.op('Sqrt', [graph.op('Add', [variance, graph.scalar(epsilon, variance)])]);
  return graph.op('Reciprocal', [deviation]);
}

/** [N, C, …] as [N, C, P]. */
function channels(graph: GradientGraph, value: string): string {
  return graph.reshapeKeeping(value, 0, 0, -1);
}

/** [C] as [C, 1], to be repeated over positions. */
function column(graph: GradientGraph, value: string): string {
  return graph.unsqueeze(value, 1);
}
