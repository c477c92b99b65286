import type { GradientGraph } from '../../context.ts';
import { type IntVector, ints } from '../../int-vector.ts';
import { ofFirst, type Rule, type RuleCall } from '../../rule.ts';
import { pickedGradient } from './picked.ts';

/** Y = parts of X. In steps of 1, constant or computed, the gradient gets zeros before and after it. */
export const slice: Rule = ofFirst((call) => {
  const pads = padsOf(call);
  return pads === undefined
    ? pickedGradient(call)
    : call.graph.op('Pad', [call.dy, call.graph.integers(pads)]);
});

/** How many zeros belong before and after the slice; undefined where steps are not 1, or axes not known. */
function padsOf(call: RuleCall): IntVector | undefined {
  const { graph, x, dy } = call;
  const rank = graph.shape(x)?.length;
  const starts = call.input(1);
  const count = graph.shape(starts)?.[0];
  const axes = call.has(3)
    ? graph.values.integers(call.input(3))
    : typeof count === 'number' && count <= (rank ?? 0)
      ? Array.from({ length: count }, (_, i) => i)
      : undefined;
  const isUnit = !call.has(4) || graph.values.integers(call.input(4))?.every((step) => step === 1) === true;
  if (rank === undefined || axes === undefined || !isUnit) return undefined;
  const at = axes.map((axis) => (axis + rank) % rank);
  const before: IntVector[] = new Array<IntVector>(rank).fill(ints(0));
  const after: IntVector[] = new Array<IntVector>(rank).fill(ints(0));
  at.forEach((axis, i) => {
    const size = graph.dimension(x, axis);
    before[axis] = firstOf(graph, starts, i, size);
    const used = graph.combine('Add', before[axis], graph.dimension(dy, axis));
    after[axis] = graph.combine('Sub', size, used);
  });
  return graph.concatIntegers(...before, ...after);
}

/** Where a slice starts; negative numbers count from the end. */
function firstOf(graph: GradientGraph, starts: string, i: number, size: IntVector): IntVector {
  const start = graph.values.integers(starts)?.[i];
  if (start !== undefined && 'known' in size) {
    const [end] = size.known as readonly [number];
    return ints(Math.min(Math.max(start < 0 ? start + end : start, 0), end));
  }
  if (start === 0) return ints(0);
  const given = start === undefined ? graph.op('Gather', [starts, graph.integers(ints(i))]) : undefined;
  const from = given ?? graph.integers(ints(start!));
  const end = graph.integers(size);
  const zero = graph.integers(ints(0));
  const isNegative = graph.op('Less', [from, zero]);
  const counted = graph.op('Where', [isNegative, graph.op('Add', [from, end]), from]);
  return { value: graph.op('Min', [graph.op('Max', [counted, zero]), end]) };
}
