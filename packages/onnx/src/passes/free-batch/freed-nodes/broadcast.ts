import type { Node } from '../../../model/model.ts';
import type { BatchAxis } from '../batch-axis.ts';
import { keepRepeated, type Rewriting } from './rewriting.ts';

/**
 * What meets the data and does not depend on it: a size of 1 goes with any batch, and what holds the file's batch is
 * repeated for each sample.
 */
export function freeBroadcast(context: Rewriting, node: Node): void {
  const batch = context.outputAxis(node);
  if (batch === 'mixes') {
    context.lose(node);
    return;
  }
  const isAligned = !/^(Gather|Scatter)Elements$/.test(node.opType);
  const ranks = node.input.map((name) => context.shapeOf(name)?.length ?? 0);
  const rank = node.opType === 'Gemm' ? 2 : isAligned ? Math.max(...ranks) : (ranks[0] ?? 0);
  // The last two axes of a product are no samples, nor is the second operand of a Gemm.
  const last = node.opType === 'MatMul' ? 2 : 0;
  const held = (name: string, i: number): BatchAxis | undefined => {
    const own = context.shapeOf(name);
    if (own === undefined || (node.opType === 'Gemm' && i < 2)) return undefined;
    const axis = batch.axis - (rank - own.length);
    if (axis < 0 || axis >= own.length - last) return undefined;
    // Along an axis, indices and updates have a size of their own.
    return own[axis] === 1 && isAligned ? undefined : { ...batch, axis };
  };
  keepRepeated(context, node, held, [batch]);
}
