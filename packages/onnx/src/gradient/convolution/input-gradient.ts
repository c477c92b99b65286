import type { GradientGraph } from '../context.ts';
import { ints } from '../int-vector.ts';
import { type Convolution, coversInput, windowAttributes } from './convolution.ts';
import { knownSpatial } from './tap-views.ts';

/**
 * ∂X of Y = X ∗ W: ∂Y convolved with the kernels turned around. With strides of 1 that is an ordinary convolution,
 * which runs two to three times faster than ConvTranspose; with longer strides ConvTranspose spreads ∂Y out. A
 * depthwise kernel as large as the input is a product element by element.
 *
 * @param weights W, [O, C/groups, …kernel]
 * @param x the input, for its shape [N, C, …]
 */
export function convolutionInputGradient(
  graph: GradientGraph,
  convolution: Convolution,
  dy: string,
  weights: string,
  x: string,
): string {
  const { kernel, strides, dilations, padsBegin, padsEnd, group } = convolution;
  const shape = graph.shape(weights);
  if (group > 1 && shape?.[0] === group && shape[1] === 1 && coversInput(graph, convolution, x)) {
    const planes = graph.concatIntegers(ints(1, group), ints(...kernel));
    return graph.op('Mul', [dy, graph.reshape(weights, planes)]);
  }
  const reach = kernel.map((size, axis) => dilations[axis]! * (size - 1));
  const begin = reach.map((extent, axis) => extent - padsBegin[axis]!);
  const end = reach.map((extent, axis) => extent - padsEnd[axis]!);
  const isPlain = strides.every((stride) => stride === 1) && [...begin, ...end].every((pad) => pad >= 0);
  if (!isPlain) return spread(graph, convolution, dy, weights, x);
  return graph.op('Conv', [dy, turnedAround(graph, convolution, weights)], {
    ...windowAttributes(convolution),
    pads: { ints: [...begin, ...end] },
  });
}

/** W [O, C/g, …] as [C, O/g, …] with every kernel axis reversed. */
function turnedAround(graph: GradientGraph, { kernel, group }: Convolution, weights: string): string {
  const spatial = kernel.map((_, axis) => axis);
  const swap = (value: string): string => graph.transpose(value, [1, 0, ...spatial.map((axis) => axis + 2)]);
  const swapped = group === 1 ? swap(weights) : swapInGroups(graph, kernel, group, weights);
  const axes = spatial.filter((axis) => kernel[axis]! > 1).map((axis) => axis + 2);
  if (axes.length === 0) return swapped;
  const all = (number: number): string => graph.integers(ints(...axes.map(() => number)));
  const beforeFirst = all(Number.MIN_SAFE_INTEGER);
  return graph.op('Slice', [swapped, all(-1), beforeFirst, graph.integers(ints(...axes)), all(-1)]);
}

function swapInGroups(
  graph: GradientGraph,
  kernel: readonly number[],
  group: number,
  weights: string,
): string {
  const grouped = graph.concatIntegers(ints(group, -1), graph.dimension(weights, 1), ints(...kernel));
  const perm = [0, 2, 1, ...kernel.map((_, axis) => axis + 3)];
  const swapped = graph.transpose(graph.reshape(weights, grouped), perm);
  const channels = graph.combine('Mul', graph.dimension(weights, 1), ints(group));
  const perGroup = graph.dimension(swapped, 2);
  return graph.reshape(swapped, graph.concatIntegers(channels, perGroup, ints(...kernel)));
}

/** The padded input's gradient, cut to the input; rows that no window reached get zeros. */
function spread(
  graph: GradientGraph,
  convolution: Convolution,
  dy: string,
  weights: string,
  x: string,
): string {
  const { kernel, strides, dilations, padsBegin, padsEnd } = convolution;
  const [from, to] = [knownSpatial(graph, dy), knownSpatial(graph, x)];
  if (from !== undefined && to !== undefined) {
    const rest = to.map((size, axis) => {
      const extent = dilations[axis]! * (kernel[axis]! - 1) + 1;
      return size + padsBegin[axis]! + padsEnd[axis]! - extent - (from[axis]! - 1) * strides[axis]!;
    });
    return graph.op('ConvTranspose', [dy, weights], {
      ...windowAttributes(convolution),
      // Windows of ceil_mode may reach beyond the padding.
      pads: { ints: [...padsBegin, ...padsEnd.map((pad, axis) => pad + Math.max(-rest[axis]!, 0))] },
      output_padding: { ints: rest.map((count) => Math.max(count, 0)) },
    });
  }
  const padded = graph.op('ConvTranspose', [dy, weights], windowAttributes(convolution));
  const steps = graph.combine('Sub', graph.spatialDims(dy, kernel.length), ints(...kernel.map(() => 1)));
  const extent = ints(...kernel.map((size, axis) => dilations[axis]! * (size - 1) + 1));
  const length = graph.combine('Add', graph.combine('Mul', steps, ints(...strides)), extent);
  const begin = ints(...padsBegin);
  const end = graph.combine('Add', begin, graph.spatialDims(x, kernel.length));
  const missing = graph.combine('Max', graph.combine('Sub', end, length), ints(...kernel.map(() => 0)));
  const isWhole = 'known' in missing && missing.known.every((count) => count === 0);
  const longEnough = isWhole ? padded : padEnd(graph, padded, missing, kernel.length);
  if ('known' in end && 'known' in length && padsBegin.every((pad) => pad === 0)) {
    if (end.known.every((size, axis) => size >= length.known[axis]!)) return longEnough;
  }
  const axes = graph.integers(ints(...kernel.map((_, axis) => axis + 2)));
  return graph.op('Slice', [longEnough, graph.integers(begin), graph.integers(end), axes]);
}

function padEnd(graph: GradientGraph, value: string, counts: ReturnType<typeof ints>, rank: number): string {
  const before = ints(...new Array<number>(rank + 2).fill(0), 0, 0);
  return graph.op('Pad', [value, graph.integers(graph.concatIntegers(before, counts))]);
}
