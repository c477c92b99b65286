import { intsAttribute, stringAttribute } from '../../../model/attributes.ts';
import { createNode } from '../../../model/node.ts';
import { withFields } from '../../../model/with-fields.ts';
import type { GradientGraph } from '../../context.ts';
import { type IntVector, ints } from '../../int-vector.ts';
import { ofFirst, type Rule, type RuleCall } from '../../rule.ts';

/**
 * Y = X interpolated along axes, one after the other, which is a product with a matrix for each axis. What Resize
 * makes of the identity is that matrix, in every mode; the gradient is the product with its transpose.
 */
export const resize: Rule = ofFirst((call) => {
  const { graph, node, x } = call;
  const rank = call.rank(x);
  const policy = stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch');
  if (call.has(3) && policy !== 'stretch') throw call.refuse('keep_aspect_ratio_policy stretch');
  const given = intsAttribute(node, 'axes')?.map((axis) => (axis + rank) % rank);
  const axes = given ?? Array.from({ length: rank }, (_, axis) => axis);
  let gradient = call.dy;
  axes.forEach((axis, i) => {
    if (isKept(call, axis, i)) return;
    const matrix = graph.cast(interpolation(call, { axis, i, count: axes.length }), gradient);
    gradient = alongAxis(graph, gradient, matrix, { axis, rank });
  });
  return gradient;
});

/** Whether nothing happens along an axis. */
function isKept(call: RuleCall, axis: number, i: number): boolean {
  const { graph, node, x, y } = call;
  if (stringAttribute(node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize') {
    const roi = call.has(1) ? graph.values.constant(call.input(1))?.data : undefined;
    const isWhole = roi !== undefined && Number(roi[i]) === 0 && Number(roi[i + roi.length / 2]) === 1;
    if (!isWhole) return false;
  }
  if (usesScales(call)) return Number(graph.values.constant(call.input(2))?.data[i]) === 1;
  const [from, to] = [graph.shape(x)?.[axis], graph.shape(y)?.[axis]];
  return from !== undefined && from === to;
}

function usesScales(call: RuleCall): boolean {
  return call.has(2) && !call.has(3);
}

/** The matrix [output, input] along an axis, the `i`th of those that scales or sizes are given for. */
function interpolation(
  call: RuleCall,
  { axis, i, count }: { readonly axis: number; readonly i: number; readonly count: number },
): string {
  const { graph, node, x } = call;
  const size = graph.dimension(x, axis);
  const one = ints(1);
  const square = graph.op('ConstantOfShape', [graph.integers(graph.concatIntegers(size, size))]);
  const image = graph.unsqueeze(graph.op('EyeLike', [square]), 0, 1);
  const at = (name: string, index: number): string => graph.op('Gather', [name, graph.integers(ints(index))]);
  const join = (...parts: readonly string[]): string => graph.op('Concat', parts, { axis: { int: 0 } });
  const float = (number: number): string => graph.reshape(floatScalar(graph, number), one);
  const roi = (): string => {
    const given = call.input(1);
    const sides = [
      float(0),
      float(0),
      float(0),
      at(given, i),
      float(1),
      float(1),
      float(1),
      at(given, i + count),
    ];
    return join(...sides.map((side) => graph.op('Cast', [side], { to: { int: 1 } })));
  };
  const isCropped = stringAttribute(node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  const inputs = usesScales(call)
    ? ['', join(float(1), float(1), float(1), at(call.input(2), i))]
    : ['', '', graph.integers(graph.concatIntegers(one, one, size, sizeAlong(call, axis, i)))];
  if (isCropped) inputs[0] = roi();
  const name = graph.freshName('grad/interpolation');
  const attribute = node.attribute.filter(
    (a) => !['axes', 'extrapolation_value', 'keep_aspect_ratio_policy'].includes(a.name),
  );
  graph.add(withFields(createNode(name, 'Resize', [image, ...inputs], [name]), { attribute }));
  const rows = graph.op('Squeeze', [name, graph.integers(ints(0, 1))]);
  return graph.transpose(rows, [1, 0]);
}

function sizeAlong(call: RuleCall, axis: number, i: number): IntVector {
  const { graph, y } = call;
  const known = graph.shape(y)?.[axis];
  if (typeof known === 'number') return ints(known);
  return { value: graph.op('Gather', [call.input(3), graph.integers(ints(i))]) };
}

/** A float32 scalar, which scales are whatever X is. */
function floatScalar(graph: GradientGraph, number: number): string {
  return graph.op('Cast', [graph.integerScalar(number)], { to: { int: 1 } });
}

/** Product of the gradient along an axis with a matrix [output, input]. */
function alongAxis(
  graph: GradientGraph,
  gradient: string,
  matrix: string,
  { axis, rank }: { readonly axis: number; readonly rank: number },
): string {
  if (axis === rank - 1) return graph.op('MatMul', [gradient, matrix]);
  if (axis === rank - 2) return graph.op('MatMul', [graph.transpose(matrix, [1, 0]), gradient]);
  const swapped = Array.from({ length: rank }, (_, at) =>
    at === axis ? rank - 1 : at === rank - 1 ? axis : at,
  );
  const product = graph.op('MatMul', [graph.transpose(gradient, swapped), matrix]);
  return graph.transpose(product, swapped);
}
