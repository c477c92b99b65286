import { intsAttribute } from '../../model/attributes.ts';
import { type Node, nodeName } from '../../model/model.ts';
import { createNode } from '../../model/node.ts';
import { withFields } from '../../model/with-fields.ts';
import { int64, type Rewriting } from './rewriting.ts';

/** Without axes, those of size 1 go, and a batch of one with them: the axes are written out. */
export function freeSqueeze(context: Rewriting, node: Node): void {
  const x = node.input[0]!;
  const [batch, shape] = [context.axisOf(x), context.shapeOf(x)];
  if (batch === undefined || shape === undefined) {
    context.lose(node);
    return;
  }
  const given = intsAttribute(node, 'axes') ?? context.integersOf(node.input[1] ?? '');
  const axes =
    given?.map((axis) => (axis < 0 ? axis + shape.length : axis)) ??
    shape.flatMap((dim, axis) => (dim === 1 && axis !== batch.axis ? [axis] : []));
  if (axes.includes(batch.axis)) {
    context.lose(node);
    return;
  }
  const after = { ...batch, axis: batch.axis - axes.filter((axis) => axis < batch.axis).length };
  if (given !== undefined || shape[batch.axis] !== 1) {
    context.keep(node, [after]);
    return;
  }
  context.changed(node);
  const name = nodeName(node);
  if (context.opset >= 13) {
    const input = [x, int64(context, `axes/${name}`, axes)];
    context.keep(withFields(node, { input }), [after]);
    return;
  }
  context.keep(createNode(name, 'Squeeze', [x], node.output, { axes: { ints: axes } }), [after]);
}
