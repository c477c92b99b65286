import { requireChoice } from '../errors/check-options.ts';
import { detached, straightThrough, type TensorOps } from '../ops/tensor-ops.ts';

/** `exact`: ∂T/∂cos θ. `straight-through`: 1, as several authors release their losses. */
export type GradientMode = 'exact' | 'straight-through';

/** Throws OptionOutOfRangeError unless it is one. */
export function requireGradientMode(gradient: unknown): void {
  requireChoice('gradient', gradient, ['exact', 'straight-through']);
}

/**
 * A formula of a cosine under a gradient mode: with its own slope, or with that of the cosine itself.
 *
 * @param point the cosine and whatever follows it.
 */
export function inGradientMode<
  T,
  M,
  Point extends { readonly cos: T; readonly sin?: T },
  Result extends { readonly value: T; readonly dCos: T },
>(ops: TensorOps<T, M>, mode: GradientMode, point: Point, formula: (point: Point) => Result): Result {
  if (mode === 'exact') return formula(point);
  const held = { ...point, cos: detached(ops, point.cos) };
  const result = formula(point.sin === undefined ? held : { ...held, sin: detached(ops, point.sin) });
  return { ...result, value: straightThrough(ops, result.value, point.cos), dCos: ops.constant(1) };
}
