import { type Attributes, intAttribute } from '../../model/attributes.ts';
import { windowOf } from '../../shapes/window-shape.ts';
import type { GradientGraph } from '../context.ts';
import type { RuleCall } from '../rule.ts';

/** A convolution's numbers, one an axis, all known while the gradient is built. */
export interface Convolution {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  readonly group: number;
}

/**
 * Reads a node of a sliding window.
 *
 * @throws UnsupportedOperatorError if the kernel's size, or the padding that `auto_pad` means, is not known
 */
export function convolutionOf(call: RuleCall): Convolution {
  const window = windowOf(call.node, call.graph.values);
  if (window === undefined) throw call.refuse('with a kernel of known size');
  const [padsBegin, padsEnd] = [known(window.padsBegin), known(window.padsEnd)];
  if (padsBegin === undefined || padsEnd === undefined) {
    throw call.refuse('with auto_pad and strides only where the input size is known');
  }
  return { ...window, padsBegin, padsEnd, group: intAttribute(call.node, 'group', 1) };
}

/** The convolution as attributes of a node, its padding aside. */
export function windowAttributes({ kernel, strides, dilations, group }: Convolution): Attributes {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    dilations: { ints: dilations },
    group: { int: group },
  };
}

/** Whether the kernel is known to be as large as the input, so that the output has one position. */
export function coversInput(graph: GradientGraph, convolution: Convolution, x: string): boolean {
  const sizes = graph.shape(x)?.slice(2);
  const { kernel, dilations, padsBegin, padsEnd } = convolution;
  return kernel.every(
    (size, axis) =>
      size === sizes?.[axis] &&
      (size === 1 || dilations[axis] === 1) &&
      padsBegin[axis] === 0 &&
      padsEnd[axis] === 0,
  );
}

function known(numbers: readonly (number | undefined)[]): readonly number[] | undefined {
  return numbers.every((number) => number !== undefined) ? numbers : undefined;
}
