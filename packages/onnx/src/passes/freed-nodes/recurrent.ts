import { intAttribute } from '../../model/attributes.ts';
import type { Node } from '../../model/model.ts';
import { withFields } from '../../model/with-fields.ts';
import { type Rewriting, repeated } from './rewriting.ts';

/** Initial states of all samples are the same. */
export function freeRecurrent(context: Rewriting, node: Node): void {
  const isBatchFirst = intAttribute(node, 'layout', 0) === 1;
  const batch = context.axisOf(node.input[0]!);
  if (batch?.axis !== (isBatchFirst ? 0 : 1)) {
    context.lose(node);
    return;
  }
  const axis = isBatchFirst ? 0 : 1;
  const size = context.k * batch.factor;
  let isChanged = false;
  const input = node.input.map((each, i) => {
    const isState = (i === 5 || i === 6) && each !== '';
    if (!isState || context.axisOf(each) !== undefined || context.shapeOf(each)?.[axis] !== size) return each;
    isChanged = true;
    return repeated(context, each, { ...batch, axis, rank: 3 });
  });
  if (isChanged) context.changed(node);
  const state = { ...batch, axis };
  context.keep(withFields(node, { input }), [{ ...batch, axis: isBatchFirst ? 0 : 2 }, state, state]);
}
