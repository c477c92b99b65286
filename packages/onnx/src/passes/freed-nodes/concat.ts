import { intAttribute } from '../../model/attributes.ts';
import type { Node } from '../../model/model.ts';
import { withFields } from '../../model/with-fields.ts';
import { type Rewriting, repeated } from './rewriting.ts';

/** What does not depend on the sample is repeated for each. */
export function freeConcat(context: Rewriting, node: Node): void {
  const name = node.input.find((each) => context.axisOf(each) !== undefined)!;
  const batch = context.axisOf(name)!;
  const shape = context.shapeOf(name);
  const rank = shape?.length ?? context.shapeOf(node.output[0]!)?.length;
  const own = intAttribute(node, 'axis', 0);
  const axis = own < 0 ? own + (rank ?? 0) : own;
  const axes = node.input.map((each) => context.axisOf(each)).filter((each) => each !== undefined);
  const isApart = axes.every(
    (each) => each.axis === batch.axis && each.factor === batch.factor && each.outer === 1,
  );
  if (axis === batch.axis || !isApart || rank === undefined) {
    context.lose(node);
    return;
  }
  let isChanged = false;
  const input = node.input.map((each) => {
    if (context.axisOf(each) !== undefined) return each;
    const dims = context.shapeOf(each);
    // A value computed from the sizes of the data may have its batch already.
    if (dims?.[batch.axis] !== shape?.[batch.axis] || !isFixed(context, each)) return each;
    if (!context.isAlike(each, batch.axis)) return each;
    isChanged = true;
    return repeated(context, each, { ...batch, rank });
  });
  if (isChanged) context.changed(node);
  context.keep(withFields(node, { input }), [batch]);
}

/** Whether a value comes of constants alone, as far as its size is a number. */
function isFixed(context: Rewriting, name: string): boolean {
  return context.shapeOf(name)?.every(Number.isFinite) ?? false;
}
