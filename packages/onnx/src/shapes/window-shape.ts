import { intAttribute, intsAttribute, stringAttribute } from '../model/attributes.ts';
import type { Dimension, Node, Shape } from '../model/model.ts';
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

/** The window of a convolution or pooling node; `undefined` if the kernel's size is not known. */
export function windowOf(node: Node, values: KnownValues): Window | undefined {
  const kernel = intsAttribute(node, 'kernel_shape') ?? values.shape(node.input[1] ?? '')?.slice(2);
  if (!kernel?.every((size) => typeof size === 'number')) return undefined;
  const strides = intsAttribute(node, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(node, 'dilations') ?? kernel.map(() => 1);
  const explicit = intsAttribute(node, 'pads') ?? kernel.flatMap(() => [0, 0]);
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET') {
    const [padsBegin, padsEnd] = [explicit.slice(0, kernel.length), explicit.slice(kernel.length)];
    return { kernel, strides, dilations, padsBegin, padsEnd };
  }
  if (mode === 'VALID') {
    const none = kernel.map(() => 0);
    return { kernel, strides, dilations, padsBegin: none, padsEnd: none };
  }
  const sizes = values.shape(node.input[0]!)?.slice(2);
  const totals = kernel.map((size, axis) =>
    samePadding(sizes?.[axis], dilations[axis]! * (size - 1) + 1, strides[axis]!),
  );
  const small = totals.map((total) => total && Math.floor(total / 2));
  const large = totals.map((total) => total && Math.ceil(total / 2));
  const upper = mode === 'SAME_UPPER';
  return { kernel, strides, dilations, padsBegin: upper ? small : large, padsEnd: upper ? large : small };
}

/** Zeros that make the output ⌈size / stride⌉ long; independent of the size where the stride is 1. */
function samePadding(size: Dimension, extent: number, stride: number): number | undefined {
  if (stride === 1) return extent - 1;
  if (typeof size !== 'number') return undefined;
  return Math.max((Math.ceil(size / stride) - 1) * stride + extent - size, 0);
}

/** Output shape of a convolution or a pooling. */
export function windowOutputShape(node: Node, values: KnownValues): Shape | undefined {
  const x = values.shape(node.input[0]!);
  if (x === undefined) return undefined;
  const window = windowOf(node, values);
  const channels = node.opType === 'Conv' ? values.shape(node.input[1]!)?.[0] : x[1];
  const round = intAttribute(node, 'ceil_mode', 0) === 0 ? Math.floor : () => undefined;
  const spatial = x.slice(2).map((size, axis) => {
    const [begin, end] = [window?.padsBegin[axis], window?.padsEnd[axis]];
    if (window === undefined || typeof size !== 'number' || begin === undefined || end === undefined)
      return undefined;
    const extent = window.dilations[axis]! * (window.kernel[axis]! - 1) + 1;
    const steps = round((size + begin + end - extent) / window.strides[axis]!);
    return steps === undefined ? undefined : steps + 1;
  });
  return [x[0], channels, ...spatial];
}
