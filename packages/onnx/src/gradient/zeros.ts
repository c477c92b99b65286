import type { GradientGraph } from './context.ts';
import { ints } from './int-vector.ts';

/** Zeros of a shape, given as an int64 value, of the element type of `like`. */
export function zeros(graph: GradientGraph, shape: string, like: string): string {
  return graph.op('Expand', [graph.reshape(graph.scalar(0, like), ints(1)), shape]);
}
