import type { GradientGraph } from './context.ts';
import { ints } from './int-vector.ts';

/**
 * Adds gradients up where they belong: zeros of the shape of `x`, plus every element of `gradient` at its position
 * in row-major order.
 */
export function scatterAdd(graph: GradientGraph, gradient: string, positions: string, x: string): string {
  const flat = (value: string): string => graph.reshape(value, ints(-1));
  const count = graph.op('ReduceProd', [graph.shapeOf(x)], { keepdims: { int: 1 } });
  const zeros = graph.op('Expand', [graph.scalar(0, x), count]);
  const sum = graph.op('ScatterElements', [zeros, flat(positions), flat(gradient)], {
    axis: { int: 0 },
    reduction: { string: 'add' },
  });
  return graph.reshapeLike(sum, x);
}
