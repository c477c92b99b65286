import { intAttribute } from '../../../model/attributes.ts';
import { type Node, nodeName } from '../../../model/model.ts';
import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import { fresh, int64, type Rewriting } from './rewriting.ts';

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
  if (takesRowsOfSamples(context, node)) {
    takeRowsOfSamples(context, node);
    return;
  }
  const axis = context.outputAxis(node);
  if (axis === 'mixes') context.lose(node);
  else context.keep(node, [axis]);
}

/** Whether the graph looks up a row of a batch of one, at a place that it computes of the sample. */
function takesRowsOfSamples({ axisOf, shapeOf, typeOf, k }: Rewriting, node: Node): boolean {
  const [rows, index] = [axisOf(node.input[0]!), axisOf(node.input[1] ?? '')];
  const isPlain =
    index?.axis === 0 && index.outer * index.factor === 1 && shapeOf(node.input[1]!)?.length === 1;
  const isRows = rows?.axis === 0 && rows.outer === 1 && intAttribute(node, 'axis', 0) === 0;
  return k === 1 && isPlain && isRows && typeOf(node.input[1]!) === 'int64';
}

/** Each place counts from the first row of its sample. */
function takeRowsOfSamples(context: Rewriting, node: Node): void {
  const [x, index] = [node.input[0]!, node.input[1]!];
  const { builder } = context;
  const { factor } = context.axisOf(x)!;
  const op = (operator: string, inputs: readonly string[]): string =>
    fresh(builder, operator, inputs, {}, `batch/${operator.toLowerCase()}`);
  const scalar = (value: number): string =>
    builder.constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(value)) }, 'batch/number');
  const count = op('Reshape', [context.size(1), int64(context, 'batch/scalar', [])]);
  const samples = op('Range', [scalar(0), count, scalar(1)]);
  const within = op('Mod', [index, scalar(factor)]);
  const places = op('Add', [within, op('Mul', [samples, scalar(factor)])]);
  context.changed(node);
  context.keep(withFields(node, { input: [x, places] }), [context.axisOf(index)]);
}
