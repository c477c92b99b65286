import { type Node, nodeName } from '../../../model/model.ts';
import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import { axesOf, int64, type Rewriting } from './rewriting.ts';

/** Without axes, those of size 1 go, and a batch of one with them: the axes are written out. */
export function freeSqueeze(context: Rewriting, node: Node): void {
  const x = node.input[0]!;
  const [batch, shape] = [context.axisOf(x), context.shapeOf(x)];
  if (batch === undefined || shape === undefined) {
    context.lose(node);
    return;
  }
  const given = axesOf(context, node, shape.length);
  const isOne = context.k * batch.outer * batch.factor === 1;
  const axes = given ?? shape.flatMap((dim, axis) => (dim === 1 && axis !== batch.axis ? [axis] : []));
  const drops = axes.includes(batch.axis) || (given === undefined && isOne);
  if (drops && batch.axis === 0 && isOne) {
    dropBatch(
      context,
      node,
      axes.filter((axis) => axis !== 0),
    );
    return;
  }
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
  context.keep(squeezed(context, node, axes), [after]);
}

/** The file drops a batch of one: it stays before the other axes. */
function dropBatch(context: Rewriting, node: Node, axes: readonly number[]): void {
  context.changed(node);
  context.drop(squeezed(context, node, axes));
}

function squeezed(context: Rewriting, node: Node, axes: readonly number[]): Node {
  const [name, x] = [nodeName(node), node.input[0]!];
  if (axes.length === 0) return createNode(name, 'Identity', [x], node.output);
  if (context.opset < 13) return createNode(name, 'Squeeze', [x], node.output, { axes: { ints: axes } });
  return withFields(node, { input: [x, int64(context, `axes/${name}`, axes)] });
}
