import type { Pointer } from './foreign-functions.ts';
import type { OneDnnLibrary } from './library-calls.ts';

/** How a tensor lies in memory: oneDNN's memory descriptor. */
export type Layout = Pointer;

/** A primitive before it is made, with the layouts that it chose. */
export type PrimitiveDescription = Pointer;

/** Strides, dilations (0 is dense) and paddings, one a spatial axis. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before the first and after the last position. */
  readonly padding: readonly [begin: readonly number[], end: readonly number[]];
}

/** Layouts of a convolution, or of the gradients in their places. */
export interface ConvolutionLayouts extends Window {
  readonly source: Layout;
  readonly weights: Layout;
  readonly bias?: Layout | undefined;
  readonly destination: Layout;
}

/** Layouts of a product x · Wᵀ + b, or of the gradients in their places. */
export type ProductLayouts = Omit<ConvolutionLayouts, keyof Window>;

export interface PoolingLayouts extends Window {
  readonly kind: PoolingKind;
  readonly kernel: readonly number[];
  readonly source: Layout;
  readonly destination: Layout;
}

export type PoolingKind = 'max' | 'average' | 'average-with-padding';
export type BinaryKind = 'add' | 'mul' | 'sub' | 'div';
export type ReductionKind = 'sum' | 'mean';
export type ElementwiseKind =
  | 'relu'
  | 'tanh'
  | 'elu'
  | 'abs'
  | 'sqrt'
  | 'linear'
  | 'soft-relu'
  | 'logistic'
  | 'exp'
  | 'clip'
  | 'hard-swish'
  | 'swish'
  | 'gelu-erf'
  | 'gelu-tanh';

/** A function of each number; what α and β are depends on it. */
export interface Elementwise {
  readonly kind: ElementwiseKind;
  readonly alpha?: number;
  readonly beta?: number;
}

/** A normalisation by the statistics of the batch. */
export interface Normalization {
  readonly layout: Layout;
  readonly epsilon: number;
  /** Whether ReLU comes behind it, in the same primitive. */
  readonly hasRelu: boolean;
}

/** What is used of oneDNN's C interface. Descriptions of gradients take the one of the way forward. */
export interface OneDnnApi {
  readonly library: OneDnnLibrary;
  readonly engine: Pointer;
  readonly stream: Pointer;
  /** @param strides row-major by default */
  plain(dims: readonly number[], strides?: readonly number[]): Layout;
  /** The layout that a primitive likes best. */
  any(dims: readonly number[]): Layout;
  /** Channels in blocks of so many, [N, C / width, …, width]; `undefined` where no name of it is known. */
  blocked(dims: readonly number[], width: 8 | 16): Layout | undefined;
  /** Gives back a layout that those three gave. */
  forget(layout: Layout): void;
  forgetDescription(description: PrimitiveDescription): void;
  bytesOf(layout: Layout): number;
  areEqual(a: Layout, b: Layout): boolean;
  convolution(layouts: ConvolutionLayouts): PrimitiveDescription;
  convolutionInput(layouts: ConvolutionLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  convolutionWeights(layouts: ConvolutionLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  product(layouts: ProductLayouts): PrimitiveDescription;
  productInput(layouts: ProductLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  productWeights(layouts: ProductLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  normalization(how: Normalization): PrimitiveDescription;
  /** Mean and variance of each channel, and the values normalised by them. */
  statistics(layout: Layout): PrimitiveDescription;
  /** A normalisation by statistics that are given. */
  fixedNormalization(how: Normalization): PrimitiveDescription;
  /** Whether that gradient takes the shift as an argument. */
  readonly takesShiftBack: boolean;
  normalizationGradient(how: Normalization, forward: PrimitiveDescription): PrimitiveDescription;
  prelu(layout: Layout, slopes: Layout): PrimitiveDescription;
  preluGradient(layout: Layout, slopes: Layout, forward: PrimitiveDescription): PrimitiveDescription;
  elementwise(how: Elementwise, layout: Layout): PrimitiveDescription;
  elementwiseGradient(how: Elementwise, layout: Layout, forward: PrimitiveDescription): PrimitiveDescription;
  pooling(layouts: PoolingLayouts): PrimitiveDescription;
  poolingGradient(layouts: PoolingLayouts, forward: PrimitiveDescription): PrimitiveDescription;
  /** @param isAdded the result is added to what is there */
  binary(kind: BinaryKind, a: Layout, b: Layout, result: Layout, isAdded?: boolean): PrimitiveDescription;
  reduction(kind: ReductionKind, source: Layout, destination: Layout): PrimitiveDescription;
  reorder(from: Layout, to: Layout): PrimitiveDescription;
  /** What computes a primitive, such as `jit:avx512_core`; `ref:any` is a plain loop. */
  implementationOf(description: PrimitiveDescription): string;
  /** Layout of an argument, by its number; `undefined` where the primitive takes none. */
  layoutOf(description: PrimitiveDescription, argument: number): Layout | undefined;
}

/** Arguments of primitives: `DNNL_ARG_…`. */
export const ARG = {
  source: 1,
  source1: 2,
  destination: 17,
  weights: 33,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  workspace: 64,
  scratchpad: 80,
  sourceGradient: 129,
  destinationGradient: 145,
  weightsGradient: 161,
  biasGradient: 169,
  scaleGradient: 255,
  shiftGradient: 256,
} as const;
