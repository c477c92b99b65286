import { attributeOf, createAttribute, intAttribute, intsAttribute } from '../../../model/attributes.ts';
import { type Node, nodeName } from '../../../model/model.ts';
import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import { ELEMENT_BY_ELEMENT } from '../batch-axis.ts';
import { axesOf, fresh, int64, type Rewriting } from './rewriting.ts';

const FIRST = { axis: 0, outer: 1, factor: 1 } as const;

/**
 * A node that reads a value whose batch of one the file drops, as a Squeeze of all axes does: it is written for one axis
 * more, until the file brings the batch back.
 */
export function freeDropped(context: Rewriting, node: Node): void {
  const { opType } = node;
  const x = node.input[0]!;
  const rest = node.input.slice(1).filter((name) => name !== '');
  const isFirst = context.isDropped(x);
  // The shape of the file, as no axis was added yet.
  const result = context.shapeOf(node.output[0]!);
  const rank = (context.shapeOf(x)?.length ?? 1) - 1;
  if (result === undefined) context.lose(node);
  else if (ELEMENT_BY_ELEMENT.has(opType)) freeElements(context, node, result.length);
  else if (!isFirst || rest.some((name) => context.axisOf(name) !== undefined)) context.lose(node);
  else if (opType === 'MatMul' && context.shapeOf(rest[0]!)?.length === 2) context.drop(node);
  else if (opType === 'Reshape') freeReshape(context, node, result);
  else if (opType === 'Unsqueeze') freeUnsqueeze(context, node, result.length);
  else if (opType === 'Transpose') {
    const perm = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const attribute = [createAttribute('perm', { ints: [0, ...perm.map((axis) => axis + 1)] })];
    context.drop(withFields(node, { attribute }));
  } else if (/^Reduce/.test(opType)) freeReduce(context, node, rank);
  else if (/^(Log)?Softmax$|^L(p|ayer)Normalization$/.test(opType) && context.opset >= 13) {
    const axis = intAttribute(node, 'axis', -1);
    const others = node.attribute.filter(({ name }) => name !== 'axis');
    const shifted = createAttribute('axis', { int: axis < 0 ? axis : axis + 1 });
    context.drop(withFields(node, { attribute: [...others, shifted] }));
  } else context.lose(node);
}

/** Whether a node gives a norm or mean of all that one sample is, with a batch of one among its axes. */
export function reducesAll({ axisOf, k }: Rewriting, node: Node): boolean {
  const axis = axisOf(node.input[0]!);
  const isOne = k === 1 && axis?.axis === 0 && axis.outer * axis.factor === 1;
  const isAll = node.opType.startsWith('Reduce') && attributeOf(node, 'axes') === undefined && !node.input[1];
  return isOne && isAll && intAttribute(node, 'keepdims', 1) === 0;
}

/** Reduces every axis but that of the batch, which the file's batch of one let join. */
export function freeReduce(context: Rewriting, node: Node, rank: number): void {
  const given = axesOf(context, node, rank);
  const isNone = given === undefined && intAttribute(node, 'noop_with_empty_axes', 0) !== 0;
  if (isNone) {
    context.lose(node);
    return;
  }
  const axes = given?.map((axis) => axis + 1) ?? Array.from({ length: rank }, (_, axis) => axis + 1);
  const isAttribute = context.opset < (node.opType === 'ReduceSum' ? 13 : 18);
  const others = node.attribute.filter(({ name }) => name !== 'axes');
  if (given === undefined) context.changed(node);
  if (axes.length === 0) context.drop(createNode(nodeName(node), 'Identity', [node.input[0]!], node.output));
  else if (isAttribute)
    context.drop(withFields(node, { attribute: [...others, createAttribute('axes', { ints: axes })] }));
  else
    context.drop(
      withFields(node, { input: [node.input[0]!, int64(context, 'axes', axes)], attribute: others }),
    );
}

function freeElements(context: Rewriting, node: Node, rank: number): void {
  const names = node.input.filter((name) => name !== '');
  const dropped = names.filter((name) => context.isDropped(name));
  const batched = names.filter((name) => !dropped.includes(name) && context.axisOf(name) !== undefined);
  const constants = names.filter((name) => context.axisOf(name) === undefined);
  const rankOf = (name: string): number => context.shapeOf(name)?.length ?? Number.NaN;
  const most = Math.max(...dropped.map((name) => rankOf(name) - 1));
  const returns = batched.length > 0 || constants.some((name) => rankOf(name) > most);
  const isFit =
    batched.every((name) => {
      const { axis, outer, factor } = context.axisOf(name)!;
      return axis === 0 && outer * factor === 1 && rankOf(name) === rank;
    }) && constants.every((name) => rankOf(name) <= (returns ? rank : most));
  const isOne = constants.every((name) => rankOf(name) < rank || context.shapeOf(name)![0] === 1);
  if (!isFit || (returns && (!isOne || most >= rank))) {
    context.lose(node);
    return;
  }
  const to = returns ? rank : most + 1;
  const input = node.input.map((name) =>
    dropped.includes(name) && rankOf(name) < to ? spread(context, name, to - rankOf(name)) : name,
  );
  const written = withFields(node, { input });
  if (returns) context.keep(written, [FIRST]);
  else context.drop(written);
}

/** Axes of size 1 behind that of the batch. */
function spread(context: Rewriting, name: string, count: number): string {
  const axes = Array.from({ length: count }, (_, i) => i + 1);
  const { builder } = context;
  return context.opset >= 13
    ? fresh(builder, 'Unsqueeze', [name, int64(context, 'batch/axes', axes)], {}, `spread/${name}`)
    : fresh(builder, 'Unsqueeze', [name], { axes: { ints: axes } }, `spread/${name}`);
}

function freeReshape(context: Rewriting, node: Node, result: readonly number[]): void {
  const isBack = result[0] === 1 && result.length > 1;
  const target = isBack ? [-1, ...result.slice(1)] : [-1, ...result];
  const attribute = node.attribute.filter(({ name }) => name !== 'allowzero');
  const written = withFields(node, {
    input: [node.input[0]!, int64(context, 'free/shape', target)],
    attribute,
  });
  context.changed(node);
  if (isBack) context.keep(written, [FIRST]);
  else context.drop(written);
}

function freeUnsqueeze(context: Rewriting, node: Node, rank: number): void {
  const axes = axesOf(context, node, rank);
  if (axes === undefined) {
    context.lose(node);
    return;
  }
  const isBack = axes.includes(0);
  const rest = isBack ? axes.filter((axis) => axis !== 0) : axes.map((axis) => axis + 1);
  const x = node.input[0]!;
  const written =
    rest.length === 0
      ? createNode(nodeName(node), 'Identity', [x], node.output)
      : context.opset >= 13
        ? withFields(node, { input: [x, int64(context, 'batch/axes', rest)] })
        : createNode(nodeName(node), 'Unsqueeze', [x], node.output, { axes: { ints: rest } });
  context.changed(node);
  if (isBack) context.keep(written, [FIRST]);
  else context.drop(written);
}
