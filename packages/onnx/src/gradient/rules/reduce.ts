import { intAttribute, intsAttribute } from '../../model/attributes.ts';
import { ofFirst, type RuleCall, type Rules } from '../rule.ts';

/** Y = the greatest (or the least) element over axes: those that are it share the gradient equally. */
const extreme = ofFirst((call) => {
  const { graph, x, y, dy } = call;
  const isFound = graph.cast(graph.op('Equal', [x, repeated(call, y)]), x);
  const share = graph.op('Div', [dy, sumOfSame(call, isFound)]);
  return graph.op('Mul', [isFound, repeated(call, share)]);
});

/** One number for all elements along some axes. */
export const reductions: Rules = {
  /** The gradient of a sum is repeated along its axes. */
  ReduceSum: ofFirst((call) => repeated(call, call.dy)),
  /** As the sum, divided by the number of elements in a mean. */
  ReduceMean: ofFirst((call) => repeated(call, shared(call))),
  ReduceMax: extreme,
  ReduceMin: extreme,
  /** Y = mean over all spatial axes, which stay with size 1. */
  GlobalAveragePool: ofFirst((call) => call.graph.op('Expand', [shared(call), call.graph.shapeOf(call.x)])),
};

/** Gradient of a mean's every element: ∂y divided by the number of elements of x for one of y. */
function shared({ graph, dy, x, y }: RuleCall): string {
  return graph.op('Div', [dy, graph.ratioOfSizes(x, y)]);
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
