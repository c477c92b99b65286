import type { UpdateGraph } from './update-graph.ts';

/** Beside the norm in the quotient, as in `torch.nn.utils.clip_grad_norm_`. */
const CLIP_EPSILON = 1e-6;

/** ‖g‖ over all gradients, a scalar. */
export function globalNorm({ builder }: UpdateGraph, gradients: readonly string[]): string {
  const squares = gradients.map((gradient) =>
    builder.op('ReduceSumSquare', [gradient], { keepdims: { int: 0 } }),
  );
  const sum = squares.length === 1 ? squares[0]! : builder.op('Sum', squares);
  return builder.op('Sqrt', [sum]);
}

/** min(1, limit / (‖g‖ + 10⁻⁶)), a scalar. */
export function clipFactor(graph: UpdateGraph, norm: string, limit: number): string {
  const shifted = graph.op('Add', norm, graph.scalar(CLIP_EPSILON));
  return graph.builder.op('Min', [graph.op('Div', graph.scalar(limit), shifted), graph.scalar(1)]);
}
