import type { GradientGraph } from '../context.ts';
import { type IntVector, ints } from '../int-vector.ts';
import type { Convolution } from './convolution.ts';

/**
 * ∂W of Y = X ∗ W, one kernel tap at a time: X shifted by the tap, read with the strides, against ∂Y. A tap is one
 * matrix product over batch and positions, three times faster than a convolution over transposed tensors;
 * depthwise it is a product element by element and a sum.
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
  const { kernel, group } = convolution;
  const shape = graph.shape(weights);
  const isDepthwise = group > 1 && shape?.[1] === 1 && shape[0] === group;
  const tapGradient = isDepthwise ? depthwiseTap(graph, kernel, dy) : productTap(graph, group, kernel, dy);
  const padded = padInput(graph, convolution, x);
  const source = isDepthwise ? padded : channelsFirst(graph, kernel, padded);
  const taps = tapsOf(kernel).map((tap) => tapGradient(shifted(graph, convolution, source, tap, dy)));
  return graph.reshapeLike(stack(graph, taps), weights);
}

/** All positions in a kernel, last axis fastest. */
function tapsOf(kernel: readonly number[]): readonly (readonly number[])[] {
  return kernel.reduce<readonly (readonly number[])[]>(
    (taps, size) => taps.flatMap((tap) => Array.from({ length: size }, (_, i) => [...tap, i])),
    [[]],
  );
}

function padInput(graph: GradientGraph, { padsBegin, padsEnd }: Convolution, x: string): string {
  if ([...padsBegin, ...padsEnd].every((pad) => pad === 0)) return x;
  return graph.op('Pad', [x, graph.integers(ints(0, 0, ...padsBegin, 0, 0, ...padsEnd))]);
}

/** [N, C, …] as [C, N, …]. */
function channelsFirst(graph: GradientGraph, kernel: readonly number[], value: string): string {
  return graph.transpose(value, [1, 0, ...kernel.map((_, axis) => axis + 2)]);
}

/** What a tap saw: element i along an axis is the padded input at stride · i + dilation · tap. */
function shifted(
  graph: GradientGraph,
  { strides, dilations }: Convolution,
  source: string,
  tap: readonly number[],
  dy: string,
): string {
  const starts = ints(...tap.map((position, axis) => position * dilations[axis]!));
  const steps = graph.combine('Sub', graph.spatialDims(dy, tap.length), ints(...tap.map(() => 1)));
  const last: IntVector = graph.combine('Add', starts, graph.combine('Mul', steps, ints(...strides)));
  const ends = graph.combine('Add', last, ints(...tap.map(() => 1)));
  const size = graph.shape(source)?.slice(2);
  const isWhole =
    'known' in ends &&
    'known' in starts &&
    starts.known.every((start, i) => start === 0 && ends.known[i] === size?.[i]);
  if (isWhole && strides.every((stride) => stride === 1)) return source;
  const axes = graph.integers(ints(...tap.map((_, axis) => axis + 2)));
  const [from, to, by] = [graph.integers(starts), graph.integers(ends), graph.integers(ints(...strides))];
  return graph.op('Slice', [source, from, to, axes, by]);
}

/** Σ over batch and positions of ∂Y · X, a channel: [C]. */
function depthwiseTap(graph: GradientGraph, kernel: readonly number[], dy: string): (seen: string) => string {
  const axes = [0, ...kernel.map((_, axis) => axis + 2)];
  return (seen) => graph.reduceSum(graph.op('Mul', [dy, seen]), axes, false);
}

/** ∂Y · Xᵀ over batch and positions: [O, C], or [groups, O/groups, C/groups]. */
function productTap(
  graph: GradientGraph,
  group: number,
  kernel: readonly number[],
  dy: string,
): (seen: string) => string {
  const rows = (value: string): string => {
    const channels = graph.dimension(value, 0);
    if (group === 1) return graph.reshape(value, graph.concatIntegers(channels, ints(-1)));
    const perGroup = dividedBy(graph, channels, group);
    return graph.reshape(value, graph.concatIntegers(ints(group), perGroup, ints(-1)));
  };
  const left = rows(channelsFirst(graph, kernel, dy));
  if (group === 1) return (seen) => graph.op('Gemm', [left, rows(seen)], { transB: { int: 1 } });
  return (seen) => graph.op('MatMul', [left, graph.transpose(rows(seen), [0, 2, 1])]);
}

function dividedBy(graph: GradientGraph, numerator: IntVector, divisor: number): IntVector {
  if ('known' in numerator) return { known: numerator.known.map((number) => number / divisor) };
  return { value: graph.op('Div', [numerator.value, graph.integers(ints(divisor))]) };
}

/** Taps beside each other on a new last axis. */
function stack(graph: GradientGraph, taps: readonly string[]): string {
  if (taps.length === 1) return taps[0]!;
  const columns = taps.map((tap) => graph.unsqueeze(tap, -1));
  return graph.op('Concat', columns, { axis: { int: -1 } });
}
