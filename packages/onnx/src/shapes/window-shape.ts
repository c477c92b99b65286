import { intAttribute, intsAttribute, stringAttribute } from '../model/attributes.ts';
import type { Dimension, Node, Shape } from '../model/model.ts';
import { addDimensions, ceilDivide, floorDivide } from './dimension-arithmetic.ts';
import type { KnownValues } from './known-values.ts';

/** Attributes of a sliding window, one number a spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros put before and after the input; `undefined` where SAME padding depends on an unknown size. */
  readonly padsBegin: readonly (number | undefined)[];
  readonly padsEnd: readonly (number | undefined)[];
}

/** What a node says of its window, with the defaults of ONNX; its paddings as `pads` has them. */
export function toldWindow(
  node: Node,
  kernel: readonly number[],
): Omit<Window, 'padsBegin' | 'padsEnd'> & Record<'padsBegin' | 'padsEnd', readonly number[]> {
  const axes = kernel.length;
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * axes).fill(0);
  return {
    kernel,
    strides: intsAttribute(node, 'strides') ?? kernel.map(() => 1),
    dilations: intsAttribute(node, 'dilations') ?? kernel.map(() => 1),
    padsBegin: pads.slice(0, axes),
    padsEnd: pads.slice(axes),
  };
}

/** The window of a convolution or pooling node; `undefined` if the kernel's size is not known. */
export function windowOf(node: Node, values: KnownValues): Window | undefined {
  const kernel =
    intsAttribute(node, 'kernel_shape') ??
    values.shape(node.input[node.opType === 'QLinearConv' ? 3 : 1] ?? '')?.slice(2);
  if (!kernel?.every((size) => typeof size === 'number')) return undefined;
  const told = toldWindow(node, kernel);
  const { strides, dilations } = told;
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET') return told;
  if (mode === 'VALID') {
    const none = kernel.map(() => 0);
    return { ...told, padsBegin: none, padsEnd: none };
  }
  const sizes = values.shape(node.input[0] ?? '')?.slice(2);
  const totals = kernel.map((size, axis) =>
    samePadding(sizes?.[axis], dilations[axis]! * (size - 1) + 1, strides[axis]!),
  );
  const small = totals.map((total) => total && Math.floor(total / 2));
  const large = totals.map((total) => total && Math.ceil(total / 2));
  const upper = mode === 'SAME_UPPER';
  return { ...told, padsBegin: upper ? small : large, padsEnd: upper ? large : small };
}

/** Zeros that make the output ⌈size / stride⌉ long; independent of the size where the stride is 1. */
function samePadding(size: Dimension, extent: number, stride: number): number | undefined {
  if (stride === 1) return extent - 1;
  if (typeof size !== 'number') return undefined;
  return Math.max((Math.ceil(size / stride) - 1) * stride + extent - size, 0);
}

/** Output shape of a convolution or a pooling. */
export function windowOutputShape(node: Node, values: KnownValues): Shape | undefined {
  const x = values.shape(node.input[0] ?? '');
  if (x === undefined || x.length < 2) return undefined;
  const window = windowOf(node, values);
  const weight = WEIGHT.get(node.opType);
  const channels = weight === undefined ? x[1] : values.shape(node.input[weight] ?? '')?.[0];
  const isUp = intAttribute(node, 'ceil_mode', 0) !== 0;
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  const spatial = x.slice(2).map((size, axis) => {
    const [kernel, stride, dilation] = [window?.kernel[axis], window?.strides[axis], window?.dilations[axis]];
    if (kernel === undefined || dilation === undefined || stride === undefined || !(stride > 0))
      return undefined;
    if (mode.startsWith('SAME')) return ceilDivide(size, stride);
    const [begin, end] = [window?.padsBegin[axis] ?? 0, window?.padsEnd[axis] ?? 0];
    const free = addDimensions(size, begin + end - (dilation * (kernel - 1) + 1));
    if (typeof free === 'number' && free < 0) return undefined;
    const steps = addDimensions(isUp ? ceilDivide(free, stride) : floorDivide(free, stride), 1);
    if (!isUp) return steps;
    // A window that would start in the padding at the end is left out.
    if (typeof steps !== 'number' || typeof size !== 'number')
      return end < stride && begin === 0 && end === 0 && stride <= kernel ? steps : undefined;
    return (steps - 1) * stride >= size + begin ? steps - 1 : steps;
  });
  return [x[0], channels, ...spatial];
}

/** Where a convolution has its weight, whose first axis is that of the result's channels. */
const WEIGHT: ReadonlyMap<string, number> = new Map([
  ['Conv', 1],
  ['ConvInteger', 1],
  ['QLinearConv', 3],
]);
