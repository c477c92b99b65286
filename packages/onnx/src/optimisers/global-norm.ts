import type { GraphBuilder } from '../builder/graph-builder.ts';
import { scalar } from '../formula/scalar.ts';

/** Beside the norm in the quotient, as in `torch.nn.utils.clip_grad_norm_`. */
const CLIP_EPSILON = 1e-6;

/** ‖g‖ over all gradients, a scalar. */
export function globalNorm(builder: GraphBuilder, gradients: readonly string[]): string {
  const squares = gradients.map((gradient) =>
    builder.op('ReduceSumSquare', [gradient], { keepdims: { int: 0 } }),
  );
  const sum = squares.length === 1 ? squares[0]! : builder.op('Sum', squares);
  return builder.op('Sqrt', [sum]);
}

/** min(1, limit / (‖g‖ + 10⁻⁶)), a scalar. */
export function clipFactor(builder: GraphBuilder, norm: string, limit: number): string {
  const shifted = builder.op('Add', [norm, scalar(builder, CLIP_EPSILON)]);
  return builder.op('Min', [builder.op('Div', [scalar(builder, limit), shifted]), scalar(builder, 1)]);
}
