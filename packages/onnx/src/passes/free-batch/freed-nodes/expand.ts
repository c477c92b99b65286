import type { Node } from '../../../model/model.ts';
import { withFields } from '../../../model/with-fields.ts';
import { int64, type Rewriting } from './rewriting.ts';

/** A size of 1 in the target keeps what is there. */
export function freeExpand(context: Rewriting, node: Node): void {
  const [x, target] = [node.input[0]!, node.input[1] ?? ''];
  const batch = context.axisOf(x);
  const [from, to] = [context.shapeOf(x), context.integersOf(target)];
  if (batch === undefined || from === undefined) {
    context.lose(node);
    return;
  }
  const rank = Math.max(from.length, context.shapeOf(node.output[0]!)?.length ?? from.length);
  const after = { ...batch, axis: rank - from.length + batch.axis };
  const at = to === undefined ? -1 : after.axis - (rank - to.length);
  if (to === undefined || at < 0 || to[at] === 1 || !context.isConstantAt(target, at)) {
    context.keep(node, [after]);
    return;
  }
  if (to[at] !== from[batch.axis]) {
    context.lose(node);
    return;
  }
  const input = [
    x,
    int64(
      context,
      `free/${target}`,
      to.map((dim, i) => (i === at ? 1 : dim)),
    ),
  ];
  context.changed(node);
  context.keep(withFields(node, { input }), [after]);
}
