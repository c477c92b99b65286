import type { TensorOps } from '../ops/tensor-ops.ts';
import type { MarginLoss } from './margin-loss.ts';

/** What T and N of a sample are multiplied by to become logits: ‖x‖ with the geometry `norm-scaled`, else s. */
export function logitScale<T, M>(
  ops: TensorOps<T, M>,
  { geometry, scale }: Pick<MarginLoss, 'geometry' | 'scale'>,
  norm: T,
  /** s of this step, where the loss has one that moves. */
  moved?: T,
): T {
  return geometry === 'norm-scaled' ? norm : (moved ?? ops.constant(scale, 's'));
}
