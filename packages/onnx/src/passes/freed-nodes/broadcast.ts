import type { Node } from '../../model/model.ts';
import { withFields } from '../../model/with-fields.ts';
import { type Rewriting, repeated } from './rewriting.ts';

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
  let isChanged = false;
  let isLost = false;
  const input = node.input.map((name, i) => {
    const own = context.shapeOf(name);
    if (own === undefined || context.axisOf(name) !== undefined) return name;
    if (node.opType === 'Gemm' && i < 2) return name;
    const axis = batch.axis - (rank - own.length);
    if (axis < 0 || axis >= own.length - last || context.follows(name, axis)) return name;
    // Along an axis, indices and updates have a size of their own.
    if (own[axis] === 1 && isAligned) return name;
    const each = repeated(context, name, { ...batch, axis });
    isLost ||= each === undefined;
    isChanged ||= each !== undefined;
    return each ?? name;
  });
  if (isLost) {
    context.lose(node);
    return;
  }
  if (isChanged) context.changed(node);
  context.keep(withFields(node, { input }), [batch]);
}
