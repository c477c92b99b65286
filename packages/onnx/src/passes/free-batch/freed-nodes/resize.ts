import { intsAttribute } from '../../../model/attributes.ts';
import type { Node } from '../../../model/model.ts';
import { withFields } from '../../../model/with-fields.ts';
import { type Rewriting, sizes } from './rewriting.ts';

/** Sizes that hold the batch take it from the input. */
export function freeResize(context: Rewriting, node: Node): void {
  const given = node.input[3] ?? '';
  const batch = context.axisOf(node.input[0]!);
  const to = context.integersOf(given);
  if (batch === undefined) {
    context.lose(node);
    return;
  }
  const isAll = intsAttribute(node, 'axes') === undefined;
  if (given === '' || to === undefined || !context.isConstantAt(given, batch.axis) || !isAll) {
    const kept = context.outputAxis(node);
    if (kept === 'mixes') context.lose(node);
    else context.keep(node, [kept]);
    return;
  }
  if (to[batch.axis] !== context.shapeOf(node.input[0]!)?.[batch.axis]) {
    context.lose(node);
    return;
  }
  const free = sizes(
    context,
    'batch/sizes',
    to.map((size, axis) => (axis === batch.axis ? { ofBatch: batch.outer * batch.factor } : size)),
  );
  context.changed(node);
  context.keep(withFields(node, { input: [...node.input.slice(0, 3), free] }), [batch]);
}
