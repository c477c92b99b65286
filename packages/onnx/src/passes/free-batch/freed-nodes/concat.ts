import { intAttribute } from '../../../model/attributes.ts';
import type { Node } from '../../../model/model.ts';
import { keepRepeated, type Rewriting } from './rewriting.ts';

/** What does not depend on the sample is repeated for each. Batches that are joined lie one behind the other. */
export function freeConcat(context: Rewriting, node: Node): void {
  const name = node.input.find((each) => context.axisOf(each) !== undefined)!;
  const batch = context.axisOf(name)!;
  const rank = context.shapeOf(name)?.length ?? context.shapeOf(node.output[0]!)?.length;
  const own = intAttribute(node, 'axis', 0);
  const axis = own < 0 ? own + (rank ?? 0) : own;
  const axes = node.input.map((each) => context.axisOf(each));
  const found = axes.filter((each) => each !== undefined);
  const isSame = found.every((each) => each.axis === batch.axis && each.factor === batch.factor);
  if (axis === batch.axis && isSame && found.length === axes.length) {
    const outer = found.reduce((total, each) => total + each.outer, 0);
    context.keep(node, [{ ...batch, outer }]);
    return;
  }
  const isApart = axis !== batch.axis && isSame && found.every(({ outer }) => outer === batch.outer);
  if (!isApart || rank === undefined) {
    context.lose(node);
    return;
  }
  keepRepeated(context, node, () => batch, [batch]);
}
