import { OnnxGraphError } from '../../errors.ts';
import { sizeOf } from '../../model/dims.ts';
import type { GradientGraph } from '../context.ts';
import { type IntVector, ints } from '../int-vector.ts';
import type { Convolution } from './convolution.ts';

/** What a kernel tap reads of the input. */
interface Tap {
  /** First position along each spatial axis. */
  readonly start: readonly number[];
  /** Channels of it, where the input was split by remainder of the stride. */
  readonly phase: number;
}

/** The padded input, and how taps read it. */
interface Source {
  readonly value: string;
  readonly taps: readonly Tap[];
  readonly strides: readonly number[];
  /** Channels of a phase, where there are several. */
  readonly channels: number | undefined;
}

/**
 * X as each kernel tap sees it, one value a tap, the last spatial axis fastest: element i along an axis is the padded
 * input at stride · i + dilation · tap.
 *
 * @param order whether batch or channels come first in the result: [N, C, …output] or [C, N, …output]
 */
export function tapViews(
  graph: GradientGraph,
  convolution: Convolution,
  x: string,
  dy: string,
  order: 'batch' | 'channels',
): readonly string[] {
  const source = sourceOf(graph, convolution, x);
  const rank = convolution.kernel.length;
  const spatial = convolution.kernel.map((_, axis) => axis + 2);
  const isSwapped = order === 'channels';
  const value = isSwapped ? graph.transpose(source.value, [1, 0, ...spatial]) : source.value;
  const steps = graph.combine('Sub', graph.spatialDims(dy, rank), ints(...spatial.map(() => 1)));
  const extent = graph.combine('Mul', steps, ints(...source.strides));
  return source.taps.map(({ start, phase }) => {
    const ends = graph.combine('Add', extent, ints(...start.map((position) => position + 1)));
    const isPhased = source.channels !== undefined;
    if (!isPhased && isWhole(graph, value, start, ends, source.strides)) return value;
    const first = isPhased ? [phase * source.channels] : [];
    const last = isPhased ? [(phase + 1) * source.channels] : [];
    const axes = [...(isPhased ? [isSwapped ? 0 : 1] : []), ...spatial];
    const parts = [
      ints(...first, ...start),
      isPhased ? graph.concatIntegers(ints(...last), ends) : ends,
      ints(...axes),
      ints(...(isPhased ? [1] : []), ...source.strides),
    ];
    return graph.op('Slice', [value, ...parts.map((part) => graph.integers(part))]);
  });
}

/** Taps with their spatial axes in one, so that a tap is one contiguous piece of every channel. */
export interface FlatViews {
  /** One a tap: [N, C, L]. */
  readonly views: readonly string[];
  /** ∂Y with zeros where a row of the padded input is longer: [N, C, L]. */
  readonly dy: string;
}

/**
 * As `tapViews`, on rows joined to one: copies of whole channels instead of row by row. `undefined` if the sizes are
 * not known, or the strides do not come down to 1.
 */
export function flatTapViews(
  graph: GradientGraph,
  convolution: Convolution,
  x: string,
  dy: string,
): FlatViews | undefined {
  const output = knownSpatial(graph, dy);
  if (output === undefined || knownSpatial(graph, x) === undefined) return undefined;
  // One more row: the last tap's piece ends beyond the last one.
  const { value, taps, strides, channels } = sourceOf(graph, convolution, x, 1);
  const size = knownSpatial(graph, value);
  if (size === undefined || strides.some((stride) => stride !== 1)) return undefined;
  const flat = (tensor: string): string => graph.reshapeKeeping(tensor, 0, 0, -1);
  const rows = flat(value);
  const missing = size.map((length, axis) => (axis === 0 ? 0 : length - output[axis]!));
  const pads = ints(0, 0, ...missing.map(() => 0), 0, 0, ...missing);
  const padded = missing.some((count) => count > 0) ? graph.op('Pad', [dy, graph.integers(pads)]) : dy;
  const length = output[0]! * sizeOf(size.slice(1));
  const views = taps.map(({ start, phase }) => {
    const at = start.reduce((position, offset, axis) => position * size[axis]! + offset, 0);
    const [from, to, axes] =
      channels === undefined
        ? [[at], [at + length], [2]]
        : [
            [phase * channels, at],
            [(phase + 1) * channels, at + length],
            [1, 2],
          ];
    return graph.op('Slice', [rows, ...[from, to, axes].map((numbers) => graph.integers(ints(...numbers)))]);
  });
  return { views, dy: flat(padded) };
}

/** Spatial sizes, if all are known. */
export function knownSpatial(graph: GradientGraph, value: string): readonly number[] | undefined {
  const sizes = graph.shape(value)?.slice(2);
  return sizes?.every((size) => typeof size === 'number') ? sizes : undefined;
}

/**
 * Pads the input. Slices with strides are slow, so where two axes have the same stride s, the input is split once into
 * s² phases, the positions of equal remainders, of which taps read without gaps.
 *
 * @param extraRows zeros added at the end of the first spatial axis
 */
function sourceOf(graph: GradientGraph, convolution: Convolution, x: string, extraRows: number = 0): Source {
  const { kernel, strides, dilations, padsBegin, padsEnd } = convolution;
  const taps = tapsOf(kernel).map((tap) => tap.map((position, axis) => position * dilations[axis]!));
  const stride = strides[0]!;
  const sizes = knownSpatial(graph, x);
  const channels = graph.shape(x)?.[1];
  const isSplit =
    stride > 1 &&
    taps.length > 1 &&
    kernel.length === 2 &&
    strides[1] === stride &&
    sizes !== undefined &&
    typeof channels === 'number';
  const rows = (axis: number): number => (axis === 0 ? extraRows : 0);
  if (!isSplit) {
    const padded = pad(
      graph,
      x,
      padsBegin,
      padsEnd.map((count, axis) => count + rows(axis)),
    );
    return { value: padded, taps: taps.map((start) => ({ start, phase: 0 })), strides, channels: undefined };
  }
  const ends = sizes.map((size, axis) => {
    const length = size + padsBegin[axis]! + padsEnd[axis]!;
    return padsEnd[axis]! + stride * rows(axis) + ((stride - (length % stride)) % stride);
  });
  const padded = pad(graph, x, padsBegin, ends);
  return {
    value: graph.op('SpaceToDepth', [padded], { blocksize: { int: stride } }),
    taps: taps.map((position) => ({
      start: position.map((offset) => Math.floor(offset / stride)),
      phase: position.reduce((phase, offset) => phase * stride + (offset % stride), 0),
    })),
    strides: [1, 1],
    channels,
  };
}

function pad(graph: GradientGraph, x: string, begin: readonly number[], end: readonly number[]): string {
  if ([...begin, ...end].every((count) => count === 0)) return x;
  return graph.op('Pad', [x, graph.integers(ints(0, 0, ...begin, 0, 0, ...end))]);
}

/** Positions of a kernel that are written out as nodes; real kernels have some hundreds. */
const MOST_TAPS = 2 ** 14;

/** All positions in a kernel, last axis fastest. */
function tapsOf(kernel: readonly number[]): readonly (readonly number[])[] {
  const count = sizeOf(kernel);
  if (kernel.some((size) => size < 1) || count > MOST_TAPS) {
    throw new OnnxGraphError(
      `a kernel of [${kernel.join(', ')}]`,
      `sizes from 1, at most ${MOST_TAPS} positions in all`,
      'check kernel_shape and the weights of the convolution.',
    );
  }
  return kernel.reduce<readonly (readonly number[])[]>(
    (taps, size) => taps.flatMap((tap) => Array.from({ length: size }, (_, i) => [...tap, i])),
    [[]],
  );
}

/** Whether a slice would be all that there is. */
function isWhole(
  graph: GradientGraph,
  value: string,
  start: readonly number[],
  ends: IntVector,
  strides: readonly number[],
): boolean {
  const sizes = graph.shape(value)?.slice(2);
  if (!('known' in ends) || strides.some((stride) => stride !== 1)) return false;
  return start.every((position, axis) => position === 0 && ends.known[axis] === sizes?.[axis]);
}
