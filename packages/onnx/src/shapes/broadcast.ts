import type { Dimension, Shape } from '../model/model.ts';

/** The common shape of tensors combined element by element; unknown rank of one makes it unknown. */
export function broadcastShapes(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let result: Shape = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    const rank = Math.max(result.length, shape.length);
    const [a, b] = [aligned(result, rank), aligned(shape, rank)];
    result = a.map((dim, axis) => broadcastDimension(dim, b[axis]));
  }
  return result;
}

function aligned(shape: Shape, rank: number): Shape {
  return [...new Array<Dimension>(rank - shape.length).fill(1), ...shape];
}

function broadcastDimension(a: Dimension, b: Dimension): Dimension {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  // Two sizes that may differ as written: the one known to be above 1 decides.
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : undefined;
}
