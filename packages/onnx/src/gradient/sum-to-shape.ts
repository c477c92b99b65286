import type { GradientGraph } from './context.ts';
import { ints } from './int-vector.ts';

/**
 * Undoes a broadcast: sums the gradient of the result `y` over the axes along which `x` was repeated.
 *
 * The axes are fixed while the graph is built if `x` is known well enough: every dimension of it is a number, or
 * the symbol that `y` has there too. Otherwise the graph compares the shapes when it runs.
 */
export function sumToShape(graph: GradientGraph, gradient: string, y: string, x: string): string {
  const [from, to] = [graph.shape(y), graph.shape(x)];
  if (from === undefined || to === undefined) return sumAtRunTime(graph, gradient, y, x);
  const added = from.length - to.length;
  const isClear = to.every((dim, axis) => typeof dim === 'number' || (dim && dim === from[added + axis]));
  if (added < 0 || !isClear) return sumAtRunTime(graph, gradient, y, x);
  const axes = from
    .map((_, axis) => axis)
    .filter((axis) => axis < added || repeats(to[axis - added], from[axis]));
  if (axes.length === 0) return gradient;
  const sum = sumInTurn(graph, gradient, axes);
  return added > 0 ? graph.reshapeLike(sum, x) : sum;
}

/** Last axes first: they are contiguous, and what is left for the others is small. */
function sumInTurn(graph: GradientGraph, value: string, axes: readonly number[]): string {
  const rank = graph.shape(value)!.length;
  const last = axes.filter((axis, i) => axes.length - i === rank - axis);
  const others = axes.filter((axis) => !last.includes(axis));
  const isSplit = last.length > 0 && others.length > 0;
  if (!isSplit) return graph.reduceSum(value, axes, true);
  return graph.reduceSum(graph.reduceSum(value, last, true), others, true);
}

function repeats(to: unknown, from: unknown): boolean {
  return to === 1 && from !== 1;
}

function sumAtRunTime(graph: GradientGraph, gradient: string, y: string, x: string): string {
  const [from, to] = [graph.shapeOf(y), graph.shapeOf(x)];
  const one = graph.integers(ints(1));
  const added = graph.op('Sub', [graph.op('Shape', [from]), graph.op('Shape', [to])]);
  const aligned = graph.op('Concat', [graph.op('Expand', [one, added]), to], { axis: { int: 0 } });
  const differs = graph.op('Not', [graph.op('Equal', [from, aligned])]);
  const axes = graph.op('Squeeze', [graph.op('NonZero', [differs]), graph.integers(ints(0))]);
  const sum = graph.op('ReduceSum', [gradient, axes], {
    keepdims: { int: 1 },
    noop_with_empty_axes: { int: 1 },
  });
  return graph.reshapeLike(sum, x);
}
