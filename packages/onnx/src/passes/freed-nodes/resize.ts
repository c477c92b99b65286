import { intsAttribute } from '../../model/attributes.ts';
import type { Node } from '../../model/model.ts';
import { withFields } from '../../model/with-fields.ts';
import { fresh, int64, type Rewriting } from './rewriting.ts';

/** Sizes that hold the batch take it from the input. */
export function freeResize(context: Rewriting, node: Node): void {
  const sizes = node.input[3] ?? '';
  const batch = context.axisOf(node.input[0]!);
  const to = context.integersOf(sizes);
  if (batch === undefined) {
    context.lose(node);
    return;
  }
  const isAll = intsAttribute(node, 'axes') === undefined;
  if (sizes === '' || to === undefined || !context.isConstantAt(sizes, batch.axis) || !isAll) {
    context.plain(node);
    return;
  }
  if (to[batch.axis] !== context.shapeOf(node.input[0]!)?.[batch.axis]) {
    context.lose(node);
    return;
  }
  const before = to.slice(0, batch.axis);
  const rest = to.slice(batch.axis + 1);
  const parts = [
    ...(before.length > 0 ? [int64(context, 'sizes/before', before)] : []),
    context.size(batch.factor),
    ...(rest.length > 0 ? [int64(context, 'sizes/after', rest)] : []),
  ];
  const free = fresh(context.builder, 'Concat', parts, { axis: { int: 0 } }, 'batch/sizes');
  context.changed(node);
  context.keep(withFields(node, { input: [...node.input.slice(0, 3), free] }), [batch]);
}
