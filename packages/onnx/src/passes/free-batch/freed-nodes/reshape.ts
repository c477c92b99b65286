import { intAttribute } from '../../../model/attributes.ts';
import { sizeOf } from '../../../model/dims.ts';
import type { Node } from '../../../model/model.ts';
import { withFields } from '../../../model/with-fields.ts';
import type { BatchAxis } from '../batch-axis.ts';
import { int64, type Rewriting } from './rewriting.ts';

/** A target that holds the batch gets −1 in its place. */
export function freeReshape(context: Rewriting, node: Node): void {
  const [x, target] = [node.input[0]!, node.input[1] ?? ''];
  const batch = context.axisOf(x);
  const from = context.shapeOf(x);
  const to = context.shapeOf(node.output[0]!);
  if (batch === undefined) {
    context.lose(node);
    return;
  }
  if (from === undefined || to === undefined || ![...from, ...to].every(Number.isFinite)) {
    // Sizes that are open; what begins with the batch goes on with it.
    const literal = context.integersOf(target);
    const isFirst = batch.axis === 0 && (literal === undefined || literal[0]! <= 0);
    if (isFirst) context.keep(node, [batch]);
    else context.lose(node);
    return;
  }
  const isOne = context.k * batch.outer * batch.factor === 1 && batch.axis === 0;
  if (isOne && to.length === 1 && from.length > 1) {
    // A vector of one sample: the file drops the batch.
    context.changed(node);
    context.drop(withFields(node, { input: [x, int64(context, `free/${target}`, [-1, ...to])] }));
    return;
  }
  const after = axisAfter(batch, from, to);
  if (after === undefined) {
    context.lose(node);
    return;
  }
  const { axis } = after;
  const literal = context.integersOf(target)?.[axis];
  const isCopied = literal === 0 && axis === batch.axis && intAttribute(node, 'allowzero', 0) === 0;
  if (isCopied || literal === -1 || !context.isConstantAt(target, axis)) {
    context.keep(node, [after]);
    return;
  }
  const shape = to.map((dim, i) => (i === axis ? -1 : dim));
  const input = [x, int64(context, `free/${target}`, shape)];
  context.changed(node);
  context.keep(withFields(node, { input }), [after]);
}

/**
 * Where the batch lies after a Reshape: as many elements lie before it as did. Between two axes it goes to the one that
 * is the batch alone; else to the second, but not to the last one, that of features.
 */
function axisAfter(batch: BatchAxis, from: readonly number[], to: readonly number[]): BatchAxis | undefined {
  const size = from[batch.axis]! / (batch.factor * batch.outer);
  const before = sizeOf(from.slice(0, batch.axis)) * batch.outer;
  const found = to.flatMap((dim, axis) => {
    const outer = before / sizeOf(to.slice(0, axis));
    const factor = dim / (outer * size);
    return Number.isInteger(outer) && Number.isInteger(factor) ? [{ axis, outer, factor }] : [];
  });
  const alone = found.find(({ outer, factor }) => outer * factor === 1);
  const outermost = found.find(({ axis, outer }) => outer === 1 && (axis === 0 || axis < to.length - 1));
  return alone ?? outermost ?? found[0];
}
