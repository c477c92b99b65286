import { intAttribute } from '../../model/attributes.ts';
import { type Node, nodeName } from '../../model/model.ts';
import { createNode } from '../../model/node.ts';
import type { Rewriting } from './rewriting.ts';

/** The first sample of a batch of one is each sample of a batch. */
export function freeGather(context: Rewriting, node: Node): void {
  const [x, index] = [node.input[0]!, node.input[1] ?? ''];
  const batch = context.axisOf(x);
  const isOne = batch?.axis === 0 && context.k * batch.outer * batch.factor === 1;
  const at = context.integersOf(index);
  const isFirst = at?.length === 1 && (at[0] === 0 || at[0] === -1) && context.isConstantAt(index, 0);
  if (isOne && isFirst && intAttribute(node, 'axis', 0) === 0) {
    context.changed(node);
    const all = createNode(nodeName(node), 'Identity', [x], node.output);
    if (context.shapeOf(index)?.length === 0) context.drop(all);
    else context.keep(all, [batch]);
    return;
  }
  const axis = context.outputAxis(node);
  if (axis === 'mixes') context.lose(node);
  else context.keep(node, [axis]);
}
