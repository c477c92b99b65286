import { intAttribute, intsAttribute } from '../../model/attributes.ts';
import type { Rule, RuleCall } from '../rule.ts';

/** Y = sum over axes: the gradient is repeated along them. */
export const reduceSum: Rule = {
  operator: 'ReduceSum',
  inputs: [0],
  gradient: (call) => [() => repeated(call, call.dy)],
};

/** Y = mean over axes: as the sum, divided by the number of elements in a mean. */
export const reduceMean: Rule = {
  operator: 'ReduceMean',
  inputs: [0],
  gradient: (call) => [() => repeated(call, shared(call))],
};

/** Y = the greatest element over axes: those that are it share the gradient equally. */
export const reduceMax: Rule = {
  operator: 'ReduceMax',
  inputs: [0],
  gradient: (call) => [
    () => {
      const { graph, x, y, dy } = call;
      const isFound = graph.cast(graph.op('Equal', [x, repeated(call, y)]), x);
      const share = graph.op('Div', [dy, sumOfSame(call, isFound)]);
      return graph.op('Mul', [isFound, repeated(call, share)]);
    },
  ],
};

/** Y = the least element over axes. */
export const reduceMin: Rule = { operator: 'ReduceMin', inputs: [0], gradient: reduceMax.gradient };

/** Y = mean over all spatial axes, which stay with size 1. */
export const globalAveragePool: Rule = {
  operator: 'GlobalAveragePool',
  gradient: (call) => [() => call.graph.op('Expand', [shared(call), call.graph.shapeOf(call.x)])],
};

/** Gradient of a mean's every element: ∂y divided by the number of elements of x for one of y. */
function shared({ graph, dy, x, y }: RuleCall): string {
  const size = (value: string): string =>
    graph.op('ReduceProd', [graph.shapeOf(value)], { keepdims: { int: 0 } });
  return graph.op('Div', [dy, graph.cast(graph.op('Div', [size(x), size(y)]), x)]);
}

/** Sums over the axes that a node reduces, and keeps of them what it keeps. */
function sumOfSame(call: RuleCall, value: string): string {
  const { graph, node } = call;
  const axes = intsAttribute(node, 'axes');
  const given = axes === undefined ? node.input.slice(1) : [graph.integers({ known: axes })];
  return graph.op('ReduceSum', [value, ...given], {
    keepdims: { int: intAttribute(node, 'keepdims', 1) },
    noop_with_empty_axes: { int: intAttribute(node, 'noop_with_empty_axes', 0) },
  });
}

function repeated(call: RuleCall, gradient: string): string {
  const { graph, node, x } = call;
  const axes = intsAttribute(node, 'axes');
  const isNoop = !call.has(1) && axes === undefined && intAttribute(node, 'noop_with_empty_axes', 0) !== 0;
  if (isNoop) return gradient;
  const keeps = intAttribute(node, 'keepdims', 1) !== 0;
  return graph.op('Expand', [keeps ? gradient : withAxes(call, gradient, axes), graph.shapeOf(x)]);
}

/** Puts the reduced axes back with size 1; a sum over all of them is a scalar, which needs none. */
function withAxes(call: RuleCall, gradient: string, axes: readonly number[] | undefined): string {
  const { graph } = call;
  if (axes !== undefined) return graph.unsqueeze(gradient, ...axes);
  if (!call.has(1)) return gradient;
  const known = graph.values.integers(call.input(1));
  if (known?.length === 0) {
    throw call.refuse('axes left out instead of an empty list');
  }
  return graph.op('Unsqueeze', [gradient, call.input(1)]);
}
