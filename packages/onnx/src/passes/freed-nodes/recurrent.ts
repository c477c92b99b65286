import { intAttribute } from '../../model/attributes.ts';
import type { Node } from '../../model/model.ts';
import { withFields } from '../../model/with-fields.ts';
import { type Rewriting, repeated } from './rewriting.ts';

/** Initial states and lengths of all samples are the same. */
export function freeRecurrent(context: Rewriting, node: Node): void {
  const isBatchFirst = intAttribute(node, 'layout', 0) === 1;
  const batch = context.axisOf(node.input[0]!);
  const axis = isBatchFirst ? 0 : 1;
  if (batch?.axis !== axis) {
    context.lose(node);
    return;
  }
  let isChanged = false;
  const input = node.input.map((each, i) => {
    const isHeld = (i === 4 || i === 5 || i === 6) && each !== '' && context.axisOf(each) === undefined;
    const at = i === 4 ? 0 : axis;
    if (!isHeld || context.follows(each, at)) return each;
    const every = repeated(context, each, { ...batch, axis: at });
    isChanged ||= every !== undefined;
    return every;
  });
  if (!input.every((each) => each !== undefined)) {
    context.lose(node);
    return;
  }
  if (isChanged) context.changed(node);
  const state = { ...batch, axis };
  context.keep(withFields(node, { input }), [{ ...batch, axis: isBatchFirst ? 0 : 2 }, state, state]);
}
