import { sizeOf } from '../../model/dims.ts';
import type { GradientGraph } from '../context.ts';
import { type IntVector, ints } from '../int-vector.ts';
import { type Convolution, coversInput } from './convolution.ts';
import { flatTapViews, knownSpatial, tapViews } from './tap-views.ts';

/**
 * ∂W of Y = X ∗ W: what every kernel tap saw of X, against ∂Y, over batch and positions. How the products are taken
 * depends on shapes alone, by what was measured fastest (see the package's README).
 *
 * @param weights W, for its shape [O, C/groups, …kernel]
 */
export function convolutionWeightGradient(
  graph: GradientGraph,
  convolution: Convolution,
  dy: string,
  x: string,
  weights: string,
): string {
  const { group } = convolution;
  const shape = graph.shape(weights);
  const isDepthwise = group > 1 && shape?.[1] === 1 && shape[0] === group;
  const call: WeightGradient = { graph, convolution, dy, x };
  const gradient = isDepthwise
    ? depthwise(call)
    : isPerImage(call, shape?.[0])
      ? productPerImage(call)
      : productPerTap(call);
  return graph.reshapeLike(gradient, weights);
}

interface WeightGradient {
  readonly graph: GradientGraph;
  readonly convolution: Convolution;
  readonly dy: string;
  readonly x: string;
}

/**
 * A product an image leaves O · C · taps numbers an image to sum, its operand P · C · taps: with fewer outputs O (in a
 * group) than positions P that is the smaller part.
 */
function isPerImage({ graph, convolution, dy }: WeightGradient, outputs: unknown): boolean {
  const spatial = knownSpatial(graph, dy);
  return (
    spatial !== undefined && typeof outputs === 'number' && outputs / convolution.group <= sizeOf(spatial)
  );
}

/** All taps side by side, ∂Y · Xᵀ an image, and the sum of those: [O, C/groups · taps]. */
function productPerImage({ graph, convolution, dy, x }: WeightGradient): string {
  const { group } = convolution;
  const columns = stacked(graph, tapViews(graph, convolution, x, dy, 'batch'));
  const rows = (value: string, joined: IntVector): string =>
    graph.op('Reshape', [value, graph.integers(graph.concatIntegers(ints(0), joined))]);
  if (group === 1) {
    const positions = graph.dimension(columns, -1);
    const product = graph.op('MatMul', [
      rows(dy, ints(0, -1)),
      graph.transpose(rows(columns, graph.concatIntegers(ints(-1), positions)), [0, 2, 1]),
    ]);
    return graph.reduceSum(product, [0], false);
  }
  const positions = graph.dimension(columns, -1);
  const inGroups = (value: string): string =>
    rows(value, graph.concatIntegers(ints(group), ints(-1), positions));
  const product = graph.op('MatMul', [inGroups(dy), graph.transpose(inGroups(columns), [0, 1, 3, 2])]);
  return graph.reduceSum(product, [0], false);
}

/** Taps beside each other on an axis of their own: [N, C, taps, P]. */
function stacked(graph: GradientGraph, views: readonly string[]): string {
  const columns = views.map((view) => graph.reshapeKeeping(view, 0, 0, 1, -1));
  return columns.length === 1 ? columns[0]! : graph.op('Concat', columns, { axis: { int: 2 } });
}

/** ∂Y · Xᵀ a tap, over batch and positions at once: [O, C, taps], or [groups, O/groups, C/groups, taps]. */
function productPerTap({ graph, convolution, dy, x }: WeightGradient): string {
  const { kernel, group } = convolution;
  const rows = (value: string): string => {
    const channels = graph.dimension(value, 0);
    if (group === 1) return graph.reshape(value, graph.concatIntegers(channels, ints(-1)));
    const perGroup = dividedBy(graph, channels, group);
    return graph.reshape(value, graph.concatIntegers(ints(group), perGroup, ints(-1)));
  };
  const left = rows(graph.transpose(dy, [1, 0, ...kernel.map((_, axis) => axis + 2)]));
  const taps = tapViews(graph, convolution, x, dy, 'channels').map((seen) => {
    if (group === 1) return graph.op('Gemm', [left, rows(seen)], { transB: { int: 1 } });
    return graph.op('MatMul', [left, graph.transpose(rows(seen), [0, 2, 1])]);
  });
  return besideEachOther(graph, taps);
}

function dividedBy(graph: GradientGraph, numerator: IntVector, divisor: number): IntVector {
  if ('known' in numerator) return { known: numerator.known.map((number) => number / divisor) };
  return { value: graph.op('Div', [numerator.value, graph.integers(ints(divisor))]) };
}

/** Σ over batch and positions of ∂Y · X, a channel and tap: [C, taps]. */
function depthwise({ graph, convolution, dy, x }: WeightGradient): string {
  if (coversInput(graph, convolution, x)) return graph.reduceSum(graph.op('Mul', [dy, x]), [0], false);
  const flat = flatTapViews(graph, convolution, x, dy);
  if (flat !== undefined) {
    const column = graph.unsqueeze(flat.dy, -1);
    const product = graph.op('MatMul', [stacked(graph, flat.views), column]);
    return graph.reduceSum(product, [0], false);
  }
  const axes = [0, ...convolution.kernel.map((_, axis) => axis + 2)];
  const taps = tapViews(graph, convolution, x, dy, 'batch').map((seen) =>
    graph.reduceSum(graph.op('Mul', [dy, seen]), axes, false),
  );
  return besideEachOther(graph, taps);
}

/** Taps on a new last axis. */
function besideEachOther(graph: GradientGraph, taps: readonly string[]): string {
  if (taps.length === 1) return taps[0]!;
  const columns = taps.map((tap) => graph.unsqueeze(tap, -1));
  return graph.op('Concat', columns, { axis: { int: -1 } });
}
